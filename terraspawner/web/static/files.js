// Uploads of data files, one after the other, each with a line of its own. tus (vendor) cuts them, tries again after a
// break and knows again by name, size and time a file that was sent in part before.

const box = document.getElementById("file-upload");
const PIECE = 16 * 1024 * 1024;
const TRIES = [0, 1000, 3000, 10000, 30000];

function addLine(name) {
  const line = document.createElement("li");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  const share = document.createElement("span");
  const said = document.createElement("strong");
  share.className = "ms-2";
  share.setAttribute("aria-hidden", "true"); // it changes all the time, and the bar says the same
  words.className = "terra-break";
  words.textContent = `${name} `;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  line.append(words, bar, share, said);
  document.getElementById("upload-lines").append(line);
  return line;
}

function tell(line, sentence, isGood) {
  const said = line.querySelector("strong");
  said.className = isGood ? "text-success-emphasis ms-2" : "text-danger-emphasis ms-2";
  said.textContent = sentence;
}

// What came so far, where something goes on.
function showBar(line, isShown) {
  line.querySelector("progress").hidden = !isShown;
  line.querySelector("[aria-hidden]").hidden = !isShown;
}

// Nothing of it is under way any more.
function end(line, sentence, isGood) {
  clear(line);
  line.querySelector("progress").remove();
  line.querySelector("[aria-hidden]").remove();
  tell(line, sentence, isGood);
}

function offer(line, words, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-outline-contrast ms-2";
  button.textContent = words;
  button.addEventListener("click", () => {
    clear(line);
    act();
  });
  line.append(button);
}

function clear(line) {
  for (const button of line.querySelectorAll("button")) {
    button.remove();
  }
}

function errorIn(failure) {
  try {
    return JSON.parse(failure.originalResponse.getBody()).error;
  } catch {
    return undefined;
  }
}

function isWorthAnother(failure) {
  const status = failure.originalResponse?.getStatus() ?? 0;
  return status === 0 || status >= 500 || status === 408 || status === 429 || errorIn(failure)?.code === "upload-moved-on";
}

function showProgress(line, sent, total) {
  const bar = line.querySelector("progress");
  bar.value = total ? sent / total : 1;
  line.querySelector("[aria-hidden]").textContent = `${Math.floor(bar.value * 100)} %`;
}

function explain(line, failure, again) {
  const error = errorIn(failure);
  if (error?.code === "file-moved-on" && error.details.version) {
    showBar(line, false);
    tell(line, "is there already.", false);
    offer(line, "Replace it", () => again({ "If-Match": `"${error.details.version}"` }));
  } else if (error && !isWorthAnother(failure)) {
    end(line, error.message, false);
  } else {
    tell(line, "stopped: the service was not reached.", false);
    offer(line, "Go on", () => again());
  }
}

function uploadOne(file, path, line, condition) {
  return new Promise((done) => {
    const upload = new tus.Upload(file, {
      endpoint: box.dataset.endpoint,
      chunkSize: PIECE,
      retryDelays: TRIES,
      headers: { "X-XSRFToken": box.dataset.xsrf, ...condition },
      metadata: { filename: path },
      removeFingerprintOnSuccess: true,
      fingerprint: async () => ["terra", box.dataset.endpoint, path, file.size, file.lastModified].join("\n"),
      onShouldRetry: isWorthAnother,
      onProgress: (sent, total) => showProgress(line, sent, total),
      onSuccess: () => {
        end(line, "is uploaded.", true);
        document.body.dispatchEvent(new CustomEvent("seen"));
        done();
      },
      onError: (failure) => {
        clear(line);
        explain(line, failure, (other) => uploadOne(file, path, line, other ?? condition));
        done();
      },
    });
    offer(line, "Cancel", async () => {
      try {
        await upload.abort(true);
      } catch {
        // what is left of it goes after a day
      }
      end(line, "is cancelled.", false);
      done();
    });
    showBar(line, true);
    tell(line, "", true);
    upload.findPreviousUploads().then((before) => {
      if (before.length) {
        upload.resumeFromPreviousUpload(before[0]);
      }
      upload.start();
    });
  });
}

async function uploadAll(files) {
  const { folder, most } = box.dataset;
  for (const { file, path } of files) {
    const line = addLine(path);
    if (file.name.toLowerCase().endsWith(".ipynb")) {
      end(line, "is a notebook: upload it on the page with the notebooks, where it has a lock and versions.", false);
    } else if (file.size > Number(most)) {
      end(line, `is larger than ${Math.round(most / 1073741824)} GB, which is the limit.`, false);
    } else {
      await uploadOne(file, folder ? `${folder}/${path}` : path, line, { "If-None-Match": "*" });
    }
  }
}

// What a drop holds is told while it is handled and not later: entries, which know folders, else the files themselves.
function droppedIn(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  return items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
}

async function uploadDropped(dropped) {
  for (const each of dropped) {
    try {
      const files = each instanceof File ? [{ file: each, path: each.name }] : await filesBelow(each, each.name);
      if (!files.length) {
        end(addLine(each.name), "is a folder without files: there is nothing to upload.", false);
      }
      await uploadAll(files);
    } catch {
      end(addLine(each.name), "cannot be read on this computer.", false);
    }
  }
}

// All files of a folder, each with its path from there.
async function filesBelow(entry, path) {
  if (entry.isFile) {
    return [{ file: await new Promise((done, failed) => entry.file(done, failed)), path }];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // a hundred at a time
    if (!some.length) {
      return files;
    }
    for (const each of some) {
      files.push(...(await filesBelow(each, `${path}/${each.name}`)));
    }
  }
}

const chosen = document.getElementById("upload-files");
chosen.addEventListener("change", async () => {
  const files = [...chosen.files].map((file) => ({ file, path: file.name }));
  chosen.value = "";
  await uploadAll(files);
});
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
    }
  });
}
document.addEventListener("dragover", () => box.classList.add("border-primary"));
document.addEventListener("dragleave", () => box.classList.remove("border-primary"));
document.addEventListener("drop", (event) => {
  box.classList.remove("border-primary");
  if (event.dataTransfer?.files.length) {
    uploadDropped(droppedIn(event.dataTransfer));
  }
});
