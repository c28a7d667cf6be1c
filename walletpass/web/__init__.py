"""The pages: joining, the web card, the counter, the studio; and the JSON API.

How a page is made:

- Its file has a `blueprint(deps) -> flask.Blueprint`, registered on `site.new_site(deps)` by `app`.
- Its template extends `base.html` (customers) or `staff.html` (the merchant's team) and fills `title` and `main`;
  `body_class` "narrow" makes a column of phone's width. `ui.` holds the parts, see `templates/macros.html`.
- Every text is `_("...")` or `ngettext(...)` in templates, `languages.say(N_("..."))` in Python. The language is the
  browser's until the view calls `languages.speak(merchant.language)`.
- Forms post to their own address with `{{ csrf_field() }}`; scripts send its value as `X-CSRFToken`. Views answer a
  form with `flash(text, "success" | "error" | "info")` and a redirect with status 303.
- Colours, buttons, panels, tables are in `static/walletpass.css`; a page's own styles and scripts are files beside it,
  named for the page and linked in the blocks `head` and `scripts`: the content security policy lets nothing inline by.
- Pages of the team are closed to others by one line in the blueprint, `sign_in.members_only(bp, deps, role)`.
- Bodies over 64 KiB are refused; a view that needs more sets `request.max_content_length` before it reads.
"""
