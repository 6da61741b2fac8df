"use strict";
// Notebooks: the frame of a preview, links to copy, and uploads.

// The frame cannot see what the page round it looks like: it is told, at the start and at each change.
function tellTheme() {
  const frame = document.getElementById("preview");
  const theme = document.documentElement.dataset.bsTheme;
  if (frame && theme && frame.dataset.theme !== theme) {
    frame.dataset.theme = theme;
    const address = new URL(frame.src);
    address.searchParams.set("theme", theme);
    // in place of the present one, so that the way back leads out of the page
    frame.contentWindow.location.replace(address.href);
  }
}
new MutationObserver(tellTheme).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
tellTheme();

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // browsers give no clipboard to pages without TLS, but they copy what is selected
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies-text]");
  if (button) {
    const isCopied = await copyText(button.dataset.copiesText);
    const news = document.getElementById("notice");
    const said = document.createElement("div");
    said.className = "alert alert-info terra-break";
    said.textContent = isCopied ? "The link is copied." : `Copy this link: ${button.dataset.copiesText}`;
    (news ?? button.parentElement).replaceChildren(said);
  }
});

// --- uploads: one after the other, each with a line of its own ---

const upload = document.getElementById("upload");

function lineFor(name) {
  const line = document.createElement("li");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  words.className = "terra-break";
  words.textContent = `${name} `;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  line.append(words, bar);
  document.getElementById("upload-lines").append(line);
  return line;
}

function say(line, sentence, isGood) {
  line.querySelector("progress")?.remove();
  const said = line.querySelector("strong") ?? document.createElement("strong");
  said.className = isGood ? "text-success-emphasis" : "text-danger-emphasis";
  said.textContent = sentence;
  line.append(said);
}

function send(file, path, line) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("PUT", upload.dataset.upload + path.split("/").map(encodeURIComponent).join("/"));
    request.setRequestHeader("If-None-Match", "*");
    request.setRequestHeader("Content-Type", "application/x-ipynb+json");
    request.setRequestHeader("X-XSRFToken", upload.dataset.xsrf);
    request.upload.addEventListener("progress", (event) => {
      const bar = line.querySelector("progress");
      if (bar && event.lengthComputable) {
        bar.value = event.loaded / event.total;
      }
    });
    request.addEventListener("loadend", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = {};
      }
      done({ status: request.status, error: answer.error, path: answer.path });
    });
    request.send(file);
  });
}

function offerAnotherName(file, path, line) {
  const button = document.createElement("button");
  const other = path.replace(/( \d+)?\.ipynb$/, (all, number) => ` ${Number(number ?? 1) + 1}.ipynb`);
  button.type = "button";
  button.className = "btn btn-sm btn-outline-contrast ms-2";
  button.textContent = `Upload as ${other}`;
  button.addEventListener("click", () => {
    button.remove();
    uploadOne(file, other, line);
  });
  line.append(button);
}

async function uploadOne(file, path, line) {
  const answer = await send(file, path, line);
  if (answer.status === 201) {
    say(line, answer.path === file.name ? "is uploaded." : `is uploaded as ${answer.path}.`, true);
    document.body.dispatchEvent(new CustomEvent("seen"));
  } else {
    say(line, answer.error?.message ?? "The service did not answer. Try again.", false);
    if (answer.status === 409) {
      offerAnotherName(file, path, line);
    }
  }
}

async function uploadAll(files) {
  const most = Number(upload.dataset.most);
  for (const file of files) {
    const line = lineFor(file.name);
    if (!file.name.endsWith(".ipynb")) {
      say(line, "is no notebook: only files that end in .ipynb can be uploaded here.", false);
    } else if (file.size > most) {
      say(line, `is larger than ${Math.round(most / 1048576)} MB, which is the limit. Clear large outputs first.`, false);
    } else {
      const folder = upload.dataset.folder;
      await uploadOne(file, folder ? `${folder}/${file.name}` : file.name, line);
    }
  }
}

if (upload) {
  const chosen = document.getElementById("upload-files");
  chosen.addEventListener("change", async () => {
    await uploadAll([...chosen.files]);
    chosen.value = "";
  });
  // a file that is dropped beside the box would be opened by the browser, in place of this page
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
      }
    });
  }
  document.addEventListener("dragover", () => upload.classList.add("border-primary"));
  document.addEventListener("dragleave", () => upload.classList.remove("border-primary"));
  document.addEventListener("drop", (event) => {
    upload.classList.remove("border-primary");
    if (event.dataTransfer?.files.length) {
      uploadAll([...event.dataTransfer.files]);
    }
  });
}
