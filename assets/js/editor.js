// Source fields: puts words at the cursor, finds a line, asks before unsaved work is left.
(() => {
  const LINE = 20;
  let last = null;
  let unsaved = false;
  addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && target.matches("[data-source]")) last = target;
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved && document.querySelector("[data-source]")) event.preventDefault();
  });
  window.sourceEditor = {
    insert(words) {
      const field = last?.isConnected ? last : document.querySelector("[data-source]");
      if (!field || field.disabled) return;
      field.focus();
      // keeps the browser's own undo, and tells the page like any key
      document.execCommand("insertText", false, words);
    },
    goTo(name, line) {
      const field = document.getElementById(name);
      if (!field) return;
      const lines = field.value.split("\n");
      const at = Math.min(Math.max(line, 1), lines.length) - 1;
      const start = lines.slice(0, at).reduce((sum, words) => sum + words.length + 1, 0);
      field.focus();
      field.setSelectionRange(start, start + lines[at].length);
      const box = field.closest(".codebox");
      if (box) box.scrollTop = Math.max(0, (at - 3) * LINE);
    },
    guard(on) {
      unsaved = on;
    },
  };
})();
