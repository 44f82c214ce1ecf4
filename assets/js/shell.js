// Runs before the first paint: the navigation's width, and the few keys that are the whole app's.
(() => {
  const root = document.documentElement;
  root.dataset.nav = localStorage.getItem("nav") || "";
  window.toggleNavigation = () => {
    root.dataset.nav = root.dataset.nav === "rail" ? "" : "rail";
    localStorage.setItem("nav", root.dataset.nav);
  };
  // A dialog opened by an event has no trigger to give the focus back to: the last thing focused outside gets it.
  let outside = null;
  addEventListener("focusin", ({ target }) => {
    if (target instanceof Element && !target.closest("[role=dialog], [role=alertdialog], [role=menu]")) outside = target;
  });
  window.returnFocus = () => outside?.isConnected && outside.focus();
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.click();
      }
      return;
    }
    // Arrows walk through the palette's field and hits.
    const palette = event.target instanceof Element && event.target.closest("[data-palette]");
    if (!palette || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const stops = [...palette.querySelectorAll("input, a, button")];
    const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    stops[(next + stops.length) % stops.length].focus();
  });
})();
