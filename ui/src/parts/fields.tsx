/** Small things to type into, to choose from and to label with. */
import { Search, X } from "lucide-react";
import { forwardRef, type ReactNode, type SelectHTMLAttributes, useId } from "react";

type FilterProps = {
  value: string;
  onChange: (value: string) => void;
  label: string;
  placeholder?: string;
  invalid?: boolean;
  mono?: boolean;
  onKeyDown?: (event: React.KeyboardEvent<HTMLInputElement>) => void;
};

/** A box that narrows what is shown; Escape empties it. */
export const FilterBox = forwardRef<HTMLInputElement, FilterProps>(function FilterBox(props, ref) {
  return (
    <div className={`filter ${props.invalid ? "invalid" : ""}`}>
      <Search size={15} aria-hidden="true" />
      <input
        ref={ref}
        type="text"
        role="searchbox"
        aria-label={props.label}
        aria-invalid={props.invalid || undefined}
        placeholder={props.placeholder ?? props.label}
        className={props.mono ? "mono" : undefined}
        value={props.value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => props.onChange(event.target.value)}
        onKeyDown={(event) => {
          props.onKeyDown?.(event);
          if (event.defaultPrevented || event.key !== "Escape") return;
          if (props.value === "") event.currentTarget.blur();
          else props.onChange("");
        }}
      />
      {props.value !== "" && (
        <button type="button" className="clear" aria-label="Clear" onClick={() => props.onChange("")}>
          <X size={13} />
        </button>
      )}
    </div>
  );
});

type SelectProps = { label: string; options: (string | { value: string; label: string })[]; hideLabel?: boolean } & SelectHTMLAttributes<HTMLSelectElement>;

export function Select({ label, options, hideLabel = true, ...more }: SelectProps) {
  const id = useId();
  return (
    <span className="select">
      <label htmlFor={id} className={hideLabel ? "sr" : "small muted"}>
        {label}
      </label>
      <select id={id} {...more}>
        {options.map((option) => {
          const { value, label: text } = typeof option === "string" ? { value: option, label: option } : option;
          return (
            <option key={value} value={value}>
              {text}
            </option>
          );
        })}
      </select>
    </span>
  );
}

export const Chip = ({ children, tone, title }: { children: ReactNode; tone?: string; title?: string }) => (
  <span className={`chip ${tone ? `tone-${tone} soft` : ""}`} title={title}>
    {children}
  </span>
);

export function Switch({ on, label, onChange, disabled }: { on: boolean; label: string; onChange: (on: boolean) => void; disabled?: boolean }) {
  return (
    <button type="button" role="switch" aria-checked={on} aria-label={label} className="switch" disabled={disabled} onClick={() => onChange(!on)}>
      <span className="switch-knob" />
    </button>
  );
}

/** Names and values in two columns. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
