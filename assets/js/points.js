// The points of any chart: as a table, as CSV, as a picture. A chart is a Plotly drawing, a donut's legend or a table.
(() => {
  const DAY = /^\d{4}-\d\d-\d\d/;
  const list = (values) => (Array.isArray(values) ? values : values ? Array.from(values) : []);
  const unit = (axis) => [axis?.tickprefix, axis?.ticksuffix].filter(Boolean).join("").trim();

  // Rows of words and numbers, the head first; an empty cell was not measured.
  const plotted = ({ data, layout = {} }) => {
    const shown = data.filter((one) => one.hoverinfo !== "skip" || one.mode === "markers");
    const keys = [];
    const at = new Map();
    shown.forEach((one, place) => {
      const lies = one.orientation === "h";
      const [names, values] = [list(lies ? one.y : one.x), list(lies ? one.x : one.y)];
      names.forEach((name, nth) => {
        if (!at.has(name)) at.set(name, []), keys.push(name);
        at.get(name)[place] = values[nth] ?? "";
      });
    });
    const heads = shown.map((one) => {
      const axis = one.orientation === "h" ? layout.xaxis : one.yaxis === "y2" ? layout.yaxis2 : layout.yaxis;
      return unit(axis) ? `${one.name} (${unit(axis)})` : one.name;
    });
    const first = keys.length && DAY.test(keys[0]) ? "Day" : "Name";
    return [[first, ...heads], ...keys.map((key) => [key, ...shown.map((_, place) => at.get(key)[place] ?? "")])];
  };
  const cells = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
  const named = (box) => [["Name", "Value", "Share"], ...[...box.querySelectorAll("li")].map((line) =>
    [...line.querySelectorAll("[data-point]")].map((one) => one.textContent.trim()))];
  const pointsOf = (box) => {
    const plot = box.querySelector(".js-plotly-plot");
    const table = box.querySelector("table:not(.of-points)");
    return plot?.data ? plotted(plot) : table ? cells(table) : named(box);
  };

  // As `core.csv_cells`: what a sheet would take for a formula is words.
  const FORMULA = /^(?:[\t\r]|[\s\u0000-\u001f\u007f\u200b-\u200f\u2060\ufeff,;|]*[=+\-@＝＋－＠])/;
  const cell = (value) => {
    const words = String(value);
    const safe = FORMULA.test(words) && !/^[+-]?\d[\d.]*$/.test(words) ? `'${words}` : words;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const fileName = (box, end) => {
    const words = box.dataset.charted.split(/[.;,]/)[0].toLowerCase();
    return `${words.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "chart"}.${end}`;
  };
  const save = (blob, name) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  // What is drawn anew is told anew.
  const followed = new WeakSet();
  const follow = (box) => {
    const drawn = box.querySelector(".js-plotly-plot") ?? box.firstElementChild;
    if (followed.has(drawn)) return;
    followed.add(drawn);
    const again = () => box.querySelector(".points-table")?.replaceWith(tableOf(box));
    if (drawn.on) drawn.on("plotly_afterplot", again);
    else new MutationObserver(again).observe(drawn, { characterData: true, childList: true, subtree: true });
  };
  const show = (box, button) => {
    const known = box.querySelector(".points-table");
    button.setAttribute("aria-expanded", String(!known));
    if (known) return known.remove();
    box.append(tableOf(box));
    follow(box);
  };
  const tableOf = (box) => {
    const [head, ...rows] = pointsOf(box);
    const table = Object.assign(document.createElement("table"), { className: "tbl dense of-points" });
    table.createCaption().textContent = box.dataset.charted;
    table.caption.className = "sr";
    const add = (section, line, tag) => {
      const row = section.insertRow();
      line.forEach((value, place) => {
        const made = document.createElement(tag === "th" || place === 0 ? "th" : "td");
        made.scope = tag === "th" ? "col" : "row";
        if (made.tagName === "TD") made.removeAttribute("scope");
        if (place) made.className = "r num";
        made.textContent = typeof value === "number" ? value.toLocaleString("en-US") : value === "" ? "–" : value;
        row.append(made);
      });
    };
    add(table.createTHead(), head, "th");
    const body = table.createTBody();
    rows.forEach((line) => add(body, line, "td"));
    const frame = Object.assign(document.createElement("div"), { className: "scroll points-table", tabIndex: 0 });
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", box.dataset.charted);
    frame.append(table);
    return frame;
  };

  // A table or a round as a picture: what stands on it, drawn where it stands.
  const picture = (box) => {
    const drawn = box.querySelector("table:not(.of-points), .donutbox") ?? box.firstElementChild;
    const { left, top } = drawn.getBoundingClientRect();
    const [width, height] = [drawn.scrollWidth, drawn.scrollHeight];
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    let ground = drawn;
    while (ground && /^(rgba\(0, 0, 0, 0\)|transparent)$/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    pen.fillStyle = ground ? getComputedStyle(ground).backgroundColor : "#fff";
    pen.fillRect(0, 0, width, height);
    drawn.querySelectorAll("td, th, circle, i, span, div").forEach((one) => {
      const [look, place] = [getComputedStyle(one), one.getBoundingClientRect()];
      const [x, y] = [place.left - left, place.top - top];
      if (one.tagName === "circle") {
        const [arc] = (look.strokeDasharray === "none" ? "100" : look.strokeDasharray).split(/[ ,]+/).map(parseFloat);
        const from = -parseFloat(look.strokeDashoffset || "0");
        const box = one.ownerSVGElement.getBoundingClientRect();
        const unit = box.width / one.ownerSVGElement.viewBox.baseVal.width;
        const turn = (share) => (share / 100) * 2 * Math.PI - Math.PI / 2;
        pen.beginPath();
        pen.arc(box.left - left + box.width / 2, box.top - top + box.height / 2, 17.5 * unit, turn(from), turn(from + arc));
        [pen.strokeStyle, pen.lineWidth] = [look.stroke, parseFloat(look.strokeWidth) * unit];
        return pen.stroke();
      }
      pen.fillStyle = look.backgroundColor;
      pen.fillRect(x, y, place.width, place.height);
      const words = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
      if (!words || place.width < 2) return;
      pen.fillStyle = look.color;
      pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
      pen.textBaseline = "middle";
      pen.textAlign = look.textAlign === "center" ? "center" : look.textAlign === "right" || look.textAlign === "end" ? "right" : "left";
      const pad = parseFloat(look.paddingLeft);
      const start = { center: x + place.width / 2, right: x + place.width - parseFloat(look.paddingRight), left: x + pad };
      pen.fillText(words, start[pen.textAlign], y + place.height / 2);
    });
    canvas.toBlob((blob) => save(blob, fileName(box, "png")));
  };

  addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("[data-points]");
    const box = button && button.closest("[data-charted]");
    if (!box) return;
    if (button.dataset.points === "table") return show(box, button);
    if (button.dataset.points === "csv") {
      const lines = pointsOf(box).map((line) => line.map(cell).join(","));
      return save(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" }), fileName(box, "csv"));
    }
    const own = box.querySelector(".js-plotly-plot .modebar-btn");
    return own ? own.click() : picture(box);
  });
  window.chartPoints = pointsOf;
})();
