// Runs before the first paint: the navigation's width, and the few keys that are the whole app's.
(() => {
  const root = document.documentElement;
  root.dataset.nav = localStorage.getItem("nav") || "";
  window.toggleNavigation = () => {
    root.dataset.nav = root.dataset.nav === "rail" ? "" : "rail";
    localStorage.setItem("nav", root.dataset.nav);
  };
  // A page that is come back to is drawn as it was before it has read its address anew, and that would undo what was
  // pressed meanwhile: presses wait until it has arrived. Links lead away and need not.
  const PRESSED = "button, input[type=checkbox], input[type=radio], [role^=menuitem], [role=option]";
  const isArriving = () => document.querySelector("main[aria-busy=true]") !== null;
  const waiting = new Map();
  const press = () => {
    if (isArriving()) return requestAnimationFrame(press);
    const pressed = [...waiting];
    waiting.clear();
    pressed.forEach(([target, event]) => target.isConnected && target.dispatchEvent(new MouseEvent("click", event)));
  };
  addEventListener(
    "click",
    (event) => {
      const target = event.target instanceof Element && event.target.closest(PRESSED);
      if (!target || !isArriving()) return;
      event.preventDefault();
      event.stopPropagation();
      if (waiting.size === 0) requestAnimationFrame(press);
      waiting.set(target, event);
    },
    true,
  );
  // A dialog opened by an event has no trigger to give the focus back to: the last thing focused outside gets it. A
  // question asked over a dialog gives it back to the field beneath, what a menu's line opened to the menu's button.
  let outside = null;
  let beneath = null;
  addEventListener("focusin", ({ target }) => {
    if (!(target instanceof Element) || target.closest("[role=alertdialog]")) return;
    const menu = target.closest("[role=menu]");
    const opener = menu ? document.getElementById(menu.getAttribute("aria-labelledby")) : target;
    if (!opener || opener.closest("[role=menu]")) return;
    beneath = opener.closest("[role=dialog]") && opener;
    outside = beneath ? outside : opener;
  });
  window.returnFocus = () => [beneath, outside].find((one) => one?.isConnected)?.focus();
  // What was typed into a page's form and is not stored is left only if that is meant.
  const typed = new WeakSet();
  const unsaved = () =>
    [...document.querySelectorAll("[data-dirty]")].some((box) => box.dataset.dirty === "true" || typed.has(box));
  addEventListener("input", ({ target }) => {
    const box = target instanceof Element && target.closest("[data-dirty]");
    if (box) typed.add(box);
  });
  addEventListener("submit", ({ target }) => target.querySelectorAll("[data-dirty]").forEach((box) => typed.delete(box)), true);
  addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());
  addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element && event.target.closest("a[href]");
      if (!link || link.target === "_blank" || event.ctrlKey || event.metaKey) return;
      const to = new URL(link.href, location.href);
      if (to.origin !== location.origin || to.pathname === location.pathname || !unsaved()) return;
      if (confirm("You have typed something that is not saved. Leave it?")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
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
