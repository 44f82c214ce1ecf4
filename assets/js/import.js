// The import page's hands: reads the start of the chosen file for the preview, sends the whole of it, says how it went.
(() => {
  const HEAD = 32768;
  let answer = null;
  const chosen = () => document.getElementById("import-file")?.files?.[0];
  const ended = (result) => {
    answer = result;
    document.getElementById("import-ended")?.click();
  };
  window.importFile = {
    async look() {
      const file = chosen();
      if (!file) return null;
      const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
      return { name: file.name, size: file.size, head: btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), "")) };
    },
    send(kind, policy, mapping) {
      const form = new FormData();
      for (const [name, value] of Object.entries({ kind, policy, mapping })) form.append(name, value);
      form.append("file", chosen());
      const request = new XMLHttpRequest();
      request.open("POST", "/api/v1/customers/import");
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => {
        const bar = document.querySelector("#import-upload i");
        if (bar && total) bar.style.width = `${(100 * loaded) / total}%`;
      };
      request.onload = () => ended(request.response ?? { detail: `The server answered ${request.status}.` });
      request.onerror = () => ended({ detail: "The connection was lost. Nothing was imported; please try again." });
      request.send(form);
    },
    answer: () => answer,
    forget() {
      const field = document.getElementById("import-file");
      if (field) field.value = "";
    },
  };
})();
