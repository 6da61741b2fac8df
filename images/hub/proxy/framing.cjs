// A DELETE or OPTIONS that does not announce its length is refused before it is passed on.
//
// http-proxy-3 tells the server behind that such a request has no body (`deleteLength`), and sends the body after it all
// the same. The server takes that for one more request. Its answer would come on a connection that the proxy uses again,
// and be read by whoever's request comes next there: anybody could choose what somebody else is answered.
"use strict";

const http = require("node:http");
const https = require("node:https");

const LOSE_THEIR_LENGTH = new Set(["DELETE", "OPTIONS"]);
const SAID = JSON.stringify({
  error: {
    code: "length-required",
    message: "A DELETE or OPTIONS with a body needs Content-Length. Send it again with that header, or without a body.",
    details: {},
  },
});

function isUnmeasured(request) {
  return LOSE_THEIR_LENGTH.has(request.method) && "transfer-encoding" in request.headers;
}

for (const { prototype } of [http.Server, https.Server]) {
  const { emit } = prototype;
  prototype.emit = function (event, ...words) {
    if (event !== "request" || !isUnmeasured(words[0])) {
      return emit.call(this, event, ...words);
    }
    words[1].writeHead(411, { "content-type": "application/json", connection: "close" });
    words[1].end(SAID);
    return true;
  };
}
