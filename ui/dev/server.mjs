// A server for looking at the page without workers: it makes up a project and keeps to the seam of the real one.
// For development only, not in the wheel. usage: npm run dev [-- --assets 1000 --port 5173]
import { createServer as createHttp } from "node:http";
import { parseArgs } from "node:util";
import { createServer as createVite } from "vite";

import { Project } from "./project.mjs";

const { values: asked } = parseArgs({
  options: { assets: { type: "string", default: "0" }, port: { type: "string", default: "5173" } },
});
const project = new Project(Number(asked.assets));
const http = createHttp();
const vite = await createVite({ server: { middlewareMode: true, hmr: { server: http } }, appType: "spa" });

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

function live(request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const tell = (event, data) => response.write(`id: ${Date.now()}-0\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  tell("hello", { version: "dev" });
  const end = project.listen(tell);
  const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
  request.on("close", () => {
    clearInterval(beat);
    end();
  });
}

http.on("request", (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (!url.pathname.startsWith("/api/v1/")) return vite.middlewares(request, response);
  const path = url.pathname.slice("/api/v1".length);
  if (path === "/live") return live(request, response);
  let text = "";
  request.on("data", (piece) => (text += piece));
  request.on("end", () => {
    try {
      const answer = project.answer(request.method, path, url.searchParams, text ? JSON.parse(text) : {});
      if (answer === undefined) send(response, 404, { error: { code: "not_found", message: `There is no ${path}.`, where: null, fix: null } });
      else send(response, request.method === "POST" && path === "/runs" ? 201 : 200, answer);
    } catch (error) {
      send(response, 500, { error: { code: "broken", message: String(error), where: path, fix: null } });
    }
  });
});
http.listen(Number(asked.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${asked.port}/`));
