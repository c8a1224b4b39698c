/** Config by its JSON schema: a form for what has a simple shape, JSON for the rest, and all of it as JSON if wished. */
import { useId, useState } from "react";

import type { JsonSchema } from "../api/contract";

export type ConfigError = { path?: string; message: string };
type FormProps = { schema: JsonSchema; value: unknown; onChange: (value: unknown) => void; errors: ConfigError[] };

/** What a schema fills in by itself: defaults, and empty objects on the way to what is required. */
export function defaultsOf(schema: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.type !== "object" && schema.properties === undefined) return undefined;
  const found: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    const value = defaultsOf(one);
    if (value !== undefined) found[name] = value;
  }
  return Object.keys(found).length > 0 || (schema.required?.length ?? 0) > 0 ? found : undefined;
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
        <Field name="" schema={schema} value={value} onChange={onChange} path="" required errors={errors} />
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

type FieldProps = {
  name: string;
  schema: JsonSchema;
  value: unknown;
  onChange: (value: unknown) => void;
  path: string;
  required: boolean;
  errors: ConfigError[];
};

function Field({ name, schema, value, onChange, path, required, errors }: FieldProps) {
  const id = useId();
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties);
    const whole = (value ?? {}) as Record<string, unknown>;
    const inner = fields.map(([key, one]) => (
      <Field
        key={key}
        name={key}
        schema={one}
        value={whole[key]}
        path={path === "" ? key : `${path}.${key}`}
        required={schema.required?.includes(key) ?? false}
        errors={errors}
        onChange={(next) => {
          const { [key]: _, ...rest } = whole;
          onChange(next === undefined ? rest : { ...rest, [key]: next });
        }}
      />
    ));
    if (path === "") return <div className="stack">{inner}</div>;
    return (
      <fieldset className="config-group">
        <legend className="mono small">{name}</legend>
        {schema.description && <p className="small muted">{schema.description}</p>}
        <div className="stack">{inner}</div>
      </fieldset>
    );
  }
  const mine = errors.some((error) => error.path === path || error.path?.endsWith(`.${path}`));
  return (
    <div className="config-field">
      <label htmlFor={id}>
        <span className="mono small">{name}</span>
        {required && <span className="faint xs"> required</span>}
      </label>
      <Input id={id} schema={schema} value={value} onChange={onChange} invalid={mine} label={name} />
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
