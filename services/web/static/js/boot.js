// Runs before the first paint: the theme this device chose, and that scripts are there at all.
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be switched off: the system's theme it is.
  }
})();
