"""What a browser says about the phone it runs on, and what that phone can do with a card.

User agents are hints, never proof: they choose which button comes first, and every page offers the others too.
Facts: Apple's DistributingPasses guide; in-app browsers hold a bare WKWebView, which does not know passes.
"""

import re
from dataclasses import dataclass
from typing import Literal

System = Literal["iphone", "apple", "android", "other"]

# Longest names first where one contains another. FBAN, FBAV: Facebook on iOS; FB_IAB: on Android.
_APPS = (
    ("Instagram", r"Instagram"),
    ("Messenger", r"MessengerForiOS|FB_IAB/Orca|FBAN/Messenger"),
    ("Facebook", r"FBAN|FBAV|FB_IAB|FBIOS"),
    ("TikTok", r"TikTok|musical_ly|BytedanceWebview|trill_"),
    ("WeChat", r"MicroMessenger"),
    ("LINE", r"\bLine/\d"),
    ("Snapchat", r"Snapchat"),
    ("LinkedIn", r"LinkedInApp"),
    ("Google", r"\bGSA/\d"),
    ("X", r"Twitter for|TwitterAndroid"),
    ("Pinterest", r"\[Pinterest/|Pinterest for"),
    ("KakaoTalk", r"KAKAOTALK"),
    ("Telegram", r"Telegram-Android|TelegramBot"),
)
_IN_APP = tuple((name, re.compile(pattern)) for name, pattern in _APPS)
_IPHONE = re.compile(r"\(i(Phone|Pod)")
_APPLE = re.compile(r"\(iPad|\(Macintosh")
_ANDROID = re.compile(r"Android")
_WEB_VIEW = re.compile(r"; wv\)")


@dataclass(frozen=True)
class Visitor:
    """What is known of a visitor's machine.

    system: "iphone"; "apple" for iPads and Macs, which show a pass and hand it to the iPhone; "android"; "other".
    app: the app whose in-app browser this is; "" for one that does not say its name; None for a browser.
    """

    system: System
    app: str | None = None

    @property
    def is_phone(self) -> bool:
        """Whether the wallet is on this very machine."""
        return self.system in {"iphone", "android"}

    @property
    def takes_apple_passes(self) -> bool:
        """Whether a link to a pass leads anywhere."""
        return self.system in {"iphone", "apple"} and self.app is None

    @property
    def takes_google_objects(self) -> bool:
        """Whether Google's save page hands the card to this very machine. In-app browsers may not sign in at Google."""
        return self.system == "android" and self.app is None


def visitor(user_agent: str) -> Visitor:
    """Who is asking, going by the User-Agent header; garbage is a visitor of whom nothing is known."""
    system = _system(user_agent)
    return Visitor(system, _app(user_agent, system))


def _system(user_agent: str) -> System:
    if _IPHONE.search(user_agent):
        return "iphone"
    if _APPLE.search(user_agent):
        return "apple"
    return "android" if _ANDROID.search(user_agent) else "other"


def _app(user_agent: str, system: System) -> str | None:
    for name, sign in _IN_APP:
        if sign.search(user_agent):
            return name
    return "" if _is_web_view(user_agent, system) else None


def _is_web_view(user_agent: str, system: System) -> bool:
    if system == "android":
        return bool(_WEB_VIEW.search(user_agent))
    # Every browser on iOS ends its name with Safari/...; a bare WKWebView stops after Mobile/...
    return "Mobile/" in user_agent and "AppleWebKit" in user_agent and "Safari/" not in user_agent
