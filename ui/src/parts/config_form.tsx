/** Config by its JSON schema: a form for what has a simple shape, JSON for the rest, and all of it as JSON if wished. */
import { useId, useState } from "react";

import type { JsonSchema } from "../api/contract";

export type ConfigError = { path?: string; message: string };
type FormProps = { schema: JsonSchema; value: unknown; onChange: (value: unknown) => void; errors: ConfigError[] };

const isGroup = (schema: JsonSchema): boolean => schema.properties !== undefined;

/** Properties that hold something to fill in: objects without any of their own are left out. */
function fieldsOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(schema.properties ?? {}).filter(([, one]) => !isGroup(one) || fieldsOf(one).length > 0);
}

/** Levels with one group in them are shown as one: `ops › order › config`. */
export function deepened(name: string, schema: JsonSchema): { names: string[]; schema: JsonSchema } {
  const names = [name];
  let inner = schema;
  for (;;) {
    const only = fieldsOf(inner);
    if (only.length !== 1 || !isGroup(only[0]![1])) return { names, schema: inner };
    names.push(only[0]![0]);
    inner = only[0]![1];
  }
}

function read(value: unknown, path: string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], value);
}

/** `value` with what lies at `path` changed; levels that are left without anything are dropped. */
export function written(value: unknown, path: string[], next: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return next;
  const { [name]: old, ...others } = (value ?? {}) as Record<string, unknown>;
  const inner = written(old, rest, next);
  if (inner !== undefined) return { ...others, [name]: inner };
  return Object.keys(others).length > 0 ? others : undefined;
}

export function ConfigForm({ schema, value, onChange, errors }: FormProps) {
  const [asJson, setAsJson] = useState(!isSimple(schema));
  return (
    <div className="stack">
      <div className="row wide">
        <h3>Config</h3>
        <div className="segmented" role="group" aria-label="How to edit">
          <button type="button" aria-pressed={!asJson} onClick={() => setAsJson(false)}>
            Form
          </button>
          <button type="button" aria-pressed={asJson} onClick={() => setAsJson(true)}>
            JSON
          </button>
        </div>
      </div>
      {asJson ? (
        <JsonField label="Config as JSON" value={value} onChange={onChange} rows={10} />
      ) : (
        <Fields schema={schema} path={[]} value={value} onChange={onChange} errors={errors} />
      )}
      <ul className="config-errors" role={errors.length > 0 ? "alert" : undefined}>
        {errors.map((error, i) => (
          <li key={i} className="small tone-failed">
            {error.path && <code>{error.path}: </code>}
            {error.message}
          </li>
        ))}
      </ul>
    </div>
  );
}

const isSimple = (schema: JsonSchema): boolean => schema.type === "object" || schema.properties !== undefined;

type Filled = { value: unknown; onChange: (value: unknown) => void; errors: ConfigError[]; path: string[] };

/** `value` and `onChange` are those of the whole config; `path` says where we are in it. */
function Fields({ schema, path, ...filled }: Filled & { schema: JsonSchema }) {
  return (
    <div className="stack">
      {fieldsOf(schema).map(([name, one]) =>
        isGroup(one) ? (
          <Group key={name} name={name} schema={one} path={path} {...filled} />
        ) : (
          <Field key={name} name={name} schema={one} required={schema.required?.includes(name) ?? false} path={[...path, name]} {...filled} />
        ),
      )}
    </div>
  );
}

function Group({ name, schema, path, ...filled }: Filled & { name: string; schema: JsonSchema }) {
  const { names, schema: inner } = deepened(name, schema);
  return (
    <fieldset className="config-group">
      <legend className="mono small">{names.join(" › ")}</legend>
      {inner.description && <p className="small muted">{inner.description}</p>}
      <Fields schema={inner} path={[...path, ...names]} {...filled} />
    </fieldset>
  );
}

/** Does an error lie at this path? The server writes paths as `root:ops:order:config:kilos`. */
const isAt = (error: ConfigError, path: string[]): boolean =>
  error.path !== undefined && error.path.split(/[:.]/).filter((one) => one !== "root").join(".") === path.join(".");

function Field({ name, schema, required, value, onChange, path, errors }: Filled & { name: string; schema: JsonSchema; required: boolean }) {
  const id = useId();
  return (
    <div className="config-field">
      <label htmlFor={id}>
        <span className="mono small">{name}</span>
        {required && <span className="faint xs"> required</span>}
      </label>
      <Input
        id={id}
        schema={schema}
        value={read(value, path)}
        onChange={(next) => onChange(written(value, path, next))}
        invalid={errors.some((error) => isAt(error, path))}
        label={name}
      />
      {schema.description && <p className="xs muted">{schema.description}</p>}
    </div>
  );
}

type InputProps = { id: string; schema: JsonSchema; value: unknown; onChange: (value: unknown) => void; invalid: boolean; label: string };

function Input({ id, schema, value, onChange, invalid, label }: InputProps) {
  const kind = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  if (schema.enum)
    return (
      <div className="select">
        <select id={id} value={JSON.stringify(value)} onChange={(e) => onChange(e.target.value === "" ? undefined : JSON.parse(e.target.value))}>
          <option value="">–</option>
          {schema.enum.map((one) => (
            <option key={JSON.stringify(one)} value={JSON.stringify(one)}>
              {String(one)}
            </option>
          ))}
        </select>
      </div>
    );
  if (kind === "boolean")
    return <input id={id} type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />;
  if (kind === "integer" || kind === "number")
    return (
      <input
        id={id}
        className="input num"
        inputMode="decimal"
        aria-invalid={invalid || undefined}
        placeholder={schema.default === undefined ? "" : String(schema.default)}
        defaultValue={value === undefined ? "" : String(value)}
        onChange={(event) => {
          const text = event.target.value.trim();
          onChange(text === "" ? undefined : Number.isNaN(Number(text)) ? text : Number(text));
        }}
      />
    );
  if (kind === "string")
    return (
      <input
        id={id}
        className="input"
        aria-invalid={invalid || undefined}
        placeholder={schema.default === undefined ? "" : String(schema.default)}
        value={value === undefined ? "" : String(value)}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
      />
    );
  return <JsonField id={id} label={label} value={value} onChange={onChange} rows={3} />;
}

function JsonField({ id, label, value, onChange, rows }: { id?: string; label: string; value: unknown; onChange: (value: unknown) => void; rows: number }) {
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [error, setError] = useState<string | null>(null);
  return (
    <>
      <textarea
        id={id}
        className="input mono"
        aria-label={label}
        aria-invalid={error !== null || undefined}
        rows={rows}
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          try {
            onChange(event.target.value.trim() === "" ? undefined : JSON.parse(event.target.value));
            setError(null);
          } catch (failure) {
            setError(failure instanceof Error ? failure.message : String(failure));
          }
        }}
      />
      {error !== null && <p className="xs tone-failed">This is no JSON yet: {error}</p>}
    </>
  );
}
