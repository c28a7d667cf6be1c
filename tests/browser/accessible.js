// What a visitor who sees little or nothing would stumble over, as a list of lines. Read by test_accessibility.py.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const named = (element) => (element.getAttribute("aria-label") || element.textContent || element.alt || "").trim();
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);

  function luminance([red, green, blue]) {
    const [r, g, b] = [red, green, blue].map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function ground(element) {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  }

  function contrast(element) {
    const pair = [luminance(numbers(getComputedStyle(element).color)), luminance(ground(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  }

  function isLarge(style) {
    const size = parseFloat(style.fontSize);
    return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  }

  if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");
  if (!document.documentElement.lang) faults.push("no language");
  if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`);

  let level = 0;
  for (const heading of [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown)) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`${heading.tagName} after h${level}: ${named(heading)}`);
    level = next;
  }
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${image.src}`);
  for (const picture of document.querySelectorAll("svg[role=img]"))
    if (!picture.querySelector("title")?.textContent) faults.push("a picture without a title");
  for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!input.labels?.length && !input.ariaLabel) faults.push(`no label: ${input.name || input.id}`);
  for (const control of document.querySelectorAll("a[href], button"))
    if (!named(control) && !control.querySelector("[alt]:not([alt=''])")) faults.push(`no name: ${control.outerHTML}`);
  for (const part of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const id of `${part.getAttribute("aria-labelledby") || ""} ${part.getAttribute("aria-describedby") || ""}`.trim().split(/\s+/))
      if (!document.getElementById(id)) faults.push(`refers to ${id}, which is not there`);

  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !shown(element) || element.closest("svg, .unseen, .skip, noscript")) continue;
    const needed = isLarge(getComputedStyle(element)) ? 3 : 4.5;
    const found = contrast(element);
    if (found < needed) faults.push(`contrast ${found.toFixed(2)}: ${named(element).slice(0, 40)}`);
  }
  for (const control of document.querySelectorAll("button, .button, summary, nav a, select, input:not([type=hidden])")) {
    const box = control.getBoundingClientRect();
    if (shown(control) && control.type !== "checkbox" && box.height < 24) faults.push(`too small to tap: ${named(control)}`);
  }
  return faults;
}
