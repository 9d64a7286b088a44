// Applies the theme before the first paint (a classic script in <head>), and switches it.
// The choice (auto | light | dark) is kept under the same name that Django's admin uses.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function choice() {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage may be blocked
    }
  }

  function apply() {
    const chosen = choice();
    const theme = chosen === "auto" ? (system.matches ? "dark" : "light") : chosen;
    root.dataset.themeChoice = chosen;
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    root.dataset.agThemeMode = theme; // the grid component reads this one
    root.dispatchEvent(new CustomEvent("themechange", { detail: { theme } }));
  }

  function choose(next) {
    try {
      localStorage.setItem("theme", next);
    } catch {
      root.dataset.theme = next;
    }
    apply();
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === "theme" && apply());
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    choose(root.dataset.theme === "dark" ? "light" : "dark");
  });
})();
