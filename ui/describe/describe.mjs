// The types of what the server sends and takes, out of its OpenAPI document (stdin), as TypeScript (stdout).
import { text } from "node:stream/consumers";

import openapiTS, { astToString } from "openapi-typescript";

// A title says no more than the name it stands beside.
const document = JSON.parse(await text(process.stdin), (name, value) => (name === "title" && typeof value === "string" ? undefined : value));
const prefix = "/api/v1";

const answers = [];
for (const [path, methods] of Object.entries(document.paths)) {
  if (!path.startsWith(prefix)) continue;
  const shape = path.slice(prefix.length).replace(/\{\w+\}/g, "${string}");
  for (const [method, { responses }] of Object.entries(methods)) {
    const told = Object.entries(responses).flatMap(([status, { content }]) => {
      const named = content?.["application/json"]?.schema?.$ref?.split("/").at(-1);
      if (status === "204") return ["undefined"];
      return status.startsWith("2") && named ? [`Schemas["${named}"]`] : [];
    });
    if (told.length > 0) answers.push(`  | [${JSON.stringify(method.toUpperCase())}, \`${shape}\`, ${told.join(" | ")}]`);
  }
}

const types = await openapiTS(
  { ...document, paths: {} },
  { defaultNonNullable: false, silent: true, exportType: true, emptyObjectsUnknown: true },
);
const described = astToString(types).split("\n");
const start = described.findIndex((line) => line.startsWith("export type components"));
const end = described.findIndex((line, index) => index > start && line === "};");

process.stdout.write(`/** Written by \`make described\` out of the server's OpenAPI document. Not to be edited. */

${described.slice(start, end + 1).join("\n")}
export type Schemas = components["schemas"];

/** Method, address and answer of every endpoint. */
export type Endpoint =
${answers.sort().join("\n")};
`);
