"""What a user agent tells about a phone. The samples are those that the apps send today."""

import pytest

from walletpass.web.phones import Visitor, visitor

IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME_ON_ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 "
    "Mobile Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "system"),
    [
        (f"{IOS} Version/18.0 Mobile/15E148 Safari/604.1", "iphone"),
        (f"{IOS} CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1", "iphone"),
        (f"{IOS} FxiOS/144.0 Mobile/15E148 Safari/605.1.15", "iphone"),
        (f"{IOS} EdgiOS/141.0.3537.99 Version/18.0 Mobile/15E148 Safari/604.1", "iphone"),
        (f"{MAC} Version/18.0 Safari/605.1.15", "apple"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Version/12.1 Mobile/15E148 Safari/604.1", "apple"),
        (f"{CHROME_ON_ANDROID} Mobile Safari/537.36", "android"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0", "android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "other"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36", "other"),
    ],
)
def test_a_browser_is_known_by_its_system(user_agent: str, system: str) -> None:
    assert visitor(user_agent) == Visitor(system)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("user_agent", "app"),
    [
        (f"{IOS} Mobile/15E148 Instagram 350.0.0.26.102 (iPhone14,2; iOS 18_0; en_US)", "Instagram"),
        (f"{IOS} Mobile/15E148 [FBAN/FBIOS;FBAV/485.0.0.37.107;FBBV/650110987;FBDV/iPhone14,2]", "Facebook"),
        (f"{IOS} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/480.0.0.48.108]", "Messenger"),
        (f"{IOS} Mobile/15E148 musical_ly_36.4.0 JsSdk/2.0 NetType/WIFI Channel/App Store", "TikTok"),
        (f"{IOS} Mobile/15E148 MicroMessenger/8.0.50(0x1800322f) NetType/WIFI Language/en", "WeChat"),
        (f"{IOS} Mobile/15E148 Safari Line/14.14.0", "LINE"),
        (f"{IOS} Version/18.0 Mobile/15E148 Snapchat/13.10.0.41 (iPhone14,2; iOS 18.0)", "Snapchat"),
        (f"{IOS} Mobile/15E148 [LinkedInApp]/9.30.1213", "LinkedIn"),
        (f"{IOS} GSA/338.1.685896509 Mobile/15E148 Safari/604.1", "Google"),
        (f"{IOS} Mobile/15E148 Twitter for iPhone/10.60", "X"),
        (f"{IOS} Mobile/15E148 [Pinterest/iOS]", "Pinterest"),
        (f"{IOS} Mobile/15E148", ""),
        (f"{WEB_VIEW} Instagram 350.0.0.26.102 Android", "Instagram"),
        (f"{WEB_VIEW} [FB_IAB/FB4A;FBAV/485.0.0.70.77;]", "Facebook"),
        (WEB_VIEW, ""),
    ],
)
def test_a_browser_inside_an_app_is_told_from_a_real_one(user_agent: str, app: str) -> None:
    assert visitor(user_agent).app == app


@pytest.mark.parametrize(
    ("user_agent", "takes"),
    [
        (f"{IOS} Version/18.0 Mobile/15E148 Safari/604.1", True),
        (f"{MAC} Version/18.0 Safari/605.1.15", True),
        (f"{IOS} Mobile/15E148 Instagram 350.0.0.26.102", False),
        (f"{CHROME_ON_ANDROID} Mobile Safari/537.36", False),
    ],
)
def test_passes_are_offered_where_a_link_to_one_leads_somewhere(user_agent: str, takes: bool) -> None:
    assert visitor(user_agent).takes_apple_passes is takes


@pytest.mark.parametrize("user_agent", ["", "curl/8.14", "(((", "\x00", "Mozilla/5.0 " * 500])
def test_nothing_is_made_of_what_cannot_be_understood(user_agent: str) -> None:
    assert visitor(user_agent) == Visitor("other")
