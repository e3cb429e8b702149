"""Which kind of browser somebody uses, as coarse as people say it: enough to know one's own, too little to follow anyone."""

# In this order: most browsers also claim to be others.
_BROWSERS = (
    ("Edg", "edge"),
    ("OPR/", "opera"),
    ("SamsungBrowser/", "samsung"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "firefox"),
    ("Chrome/", "chrome"),
    ("CriOS/", "chrome"),
    ("Safari/", "safari"),
)
_SYSTEMS = (
    ("iPhone", "iphone"),
    ("iPad", "ipad"),
    ("Android", "android"),
    ("Windows", "windows"),
    ("CrOS", "chromeos"),
    ("Macintosh", "mac"),
    ("Linux", "linux"),
)
NAMES = {
    "edge": "Edge",
    "opera": "Opera",
    "samsung": "Samsung Internet",
    "firefox": "Firefox",
    "chrome": "Chrome",
    "safari": "Safari",
    "iphone": "iPhone",
    "ipad": "iPad",
    "android": "Android",
    "windows": "Windows",
    "chromeos": "ChromeOS",
    "mac": "Mac",
    "linux": "Linux",
}


def family(user_agent: str) -> str:
    """Return a code such as "firefox/windows"; what is not recognized stays empty, and the rest is forgotten."""
    browser, system = (
        next((code for mark, code in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    )
    return f"{browser}/{system}" if browser or system else ""
