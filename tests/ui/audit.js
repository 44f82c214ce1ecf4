// What a reader would trip over: text too faint or cut off, controls without a name, ids given twice, a page wider than
// the screen.
() => {
  const channel = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => under.map((v, i) => v * (1 - top[3]) + top[i] * top[3]);
  const grounds = new Map();
  const groundOf = (el) => {
    if (!el) return [255, 255, 255];
    if (!grounds.has(el)) {
      const color = parse(getComputedStyle(el).backgroundColor);
      const under = () => groundOf(el.parentElement);
      grounds.set(el, color[3] === 0 ? under() : color[3] === 1 ? color.slice(0, 3) : over(color, under()));
    }
    return grounds.get(el);
  };
  // the nearest box that hides what leaves it; none where somebody can scroll to it, or an ellipsis or a title says so
  const edges = new Map();
  const edgeOf = (el) => {
    if (!el || el === document.body) return null;
    if (!edges.has(el)) {
      const style = getComputedStyle(el);
      const told = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || el.closest("[title]");
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
      const hides = /hidden|clip/.test(style.overflowX + style.overflowY);
      const above = style.position === "fixed" ? null : edgeOf(el.parentElement);
      edges.set(el, told || scrolls ? null : hides ? el.getBoundingClientRect() : above);
    }
    return edges.get(el);
  };
  // how far text runs out of a box around it, over what stands beside: up to what hides or scrolls, or floats above
  const spill = (el, text) => {
    for (let box = el; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.overflowX !== "visible" || style.position === "absolute" || style.position === "fixed") return 0;
      if (/^(inline|contents)$/.test(style.display)) continue;
      const by = text.right - box.getBoundingClientRect().right;
      if (by > 4.5) return by; // a space that hangs after a line is narrower
    }
    return 0;
  };
  const range = document.createRange();
  const cut = [];
  const faint = [];
  for (const el of document.querySelectorAll("body *")) {
    if (![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(el);
    const box = el.getBoundingClientRect();
    if (style.visibility === "hidden" || box.width < 2 || box.height < 2) continue;
    if (el.closest("[disabled], svg, .sr, script, style")) continue;
    const ground = groundOf(el);
    const [a, b] = [luminance(over(parse(style.color), ground)), luminance(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${el.className}: ${el.textContent.trim().slice(0, 40)}`);
    if (!el.checkVisibility() || el.tagName === "TEXTAREA") continue; // not what a closed disclosure keeps
    const edge = edgeOf(el);
    for (const node of el.childNodes) {
      if (node.nodeType !== 3 || !node.textContent.trim()) continue;
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      const sides = edge ? [text.right - edge.right, edge.left - text.left, text.bottom - edge.bottom, edge.top - text.top] : [];
      const by = Math.max(spill(el, text), ...sides);
      if (by > 1.5) cut.push(`${by.toFixed(0)} px ${el.className}: ${node.textContent.trim().slice(0, 40)}`);
    }
  }
  const nameless = [...document.querySelectorAll("button, a, input:not([type=hidden]), select, textarea, iframe")]
    .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.title || e.labels?.length))
    .map((e) => e.outerHTML.slice(0, 120));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  const wide = document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} px`] : [];
  return { faint, cut, nameless, twice: ids.filter((id, i) => ids.indexOf(id) !== i), wide };
}
