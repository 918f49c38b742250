/** The page's entry; the screens take their place here. */
document.documentElement.dataset["build"] = __BUILD__;
