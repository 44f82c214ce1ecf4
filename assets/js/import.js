// The import page's hands: sends the chosen file, shows how far it is, says what the server answered.
(() => {
  let answer = null;
  let request = null;
  const ended = (result) => {
    answer = result;
    request = null;
    document.getElementById("import-ended")?.click();
  };
  window.importFile = {
    send(kind) {
      const file = document.getElementById("import-file")?.files?.[0];
      if (!file) return;
      request?.abort();
      const form = new FormData();
      form.append("kind", kind);
      form.append("file", file);
      request = new XMLHttpRequest();
      request.open("POST", "/api/v1/imports");
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => {
        const bar = document.querySelector("#import-upload i");
        if (bar && total) bar.style.width = `${(100 * loaded) / total}%`;
      };
      const sent = request;
      request.onload = () => ended(sent.response ?? { detail: `The server answered ${sent.status}.` });
      request.onerror = () => ended({ detail: "The connection was lost. Nothing was imported; please try again." });
      request.send(form);
    },
    answer: () => answer,
    forget() {
      request?.abort();
      request = null;
      const field = document.getElementById("import-file");
      if (field) field.value = "";
    },
  };
})();
