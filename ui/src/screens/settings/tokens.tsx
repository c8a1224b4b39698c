/** Who may come in, and as what. A token is shown once, when it is made. */
import { Plus } from "lucide-react";
import { useId, useState } from "react";

import { ask, post } from "../../api/client";
import type { Role, TokenRow } from "../../api/contract";
import { useTokens } from "../../api/operating";
import { cache, useSession } from "../../api/queries";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Dialog } from "../../parts/dialog";
import { Chip, Select } from "../../parts/fields";
import { PlainTable } from "../../parts/plain_table";
import { Answer, Command, Empty } from "../../parts/states";
import { Time, useNow } from "../../parts/time";
import { toast } from "../../parts/toasts";

const DAY = 86_400;
const LASTS = [
  { value: String(7 * DAY), label: "a week" },
  { value: String(90 * DAY), label: "90 days" },
  { value: String(365 * DAY), label: "a year" },
  { value: "", label: "for ever" },
];

export function Tokens() {
  const tokens = useTokens(true);
  const { data: session } = useSession();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<TokenRow | null>(null);
  return (
    <div className="stack">
      <div className="row wide">
        <p className="small muted">
          {session?.features.auth ? "Viewers look, operators run things, administrators also change limits, tokens and settings." : "This server asks nobody for a token. Tokens count once it is started with sign-in."}
        </p>
        <Button look="primary" icon={<Plus size={14} />} onClick={() => setMaking(true)}>
          New token
        </Button>
      </div>
      <Answer of={tokens} what="Loading tokens">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="There are no tokens" action={<Command text="assetflow token create NAME --role operator" />} />
          ) : (
            <PlainTable heads={["Name", "Role", "Writes to", "Made", "Used", "Ends", { text: "Revoke", look: "unseen" }]}>
              {items.map((one) => (
                <TokenLine key={one.id} one={one} onRevoke={() => setRevoking(one)} />
              ))}
            </PlainTable>
          )
        }
      </Answer>
      {making && <NewToken onClose={() => setMaking(false)} onMade={setMade} />}
      {made && (
        <Dialog title="Your new token" onClose={() => setMade(null)} actions={<Button onClick={() => setMade(null)}>Done</Button>}>
          <div className="stack">
            <p className="small">Copy it now: it is not shown again, and the server does not keep it.</p>
            <Command text={made} />
          </div>
        </Dialog>
      )}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          danger
          onClose={() => setRevoking(null)}
          onConfirm={async () => {
            await ask("DELETE", `/tokens/${encodeURIComponent(revoking.id)}`);
            toast(`${revoking.name} is let in no more.`);
            await cache.invalidateQueries({ queryKey: ["tokens"] });
          }}
        >
          <p className="small">Whoever uses it, or has signed in with it, is let in no more. This cannot be undone.</p>
        </Confirm>
      )}
    </div>
  );
}

function TokenLine({ one, onRevoke }: { one: TokenRow; onRevoke: () => void }) {
  const now = useNow();
  const over = one.revoked !== null ? "revoked" : one.expires !== null && one.expires < now ? "ended" : null;
  return (
    <tr className={over ? "faint" : undefined}>
      <th scope="row">{one.name}</th>
      <td>
        <Chip {...(one.role === "admin" && { tone: "accent" })}>{one.role}</Chip>
      </td>
      <td>{one.environments?.length ? one.environments.join(", ") : "all"}</td>
      <td>
        <Time at={one.created} />
      </td>
      <td>{one.used ? <Time at={one.used} /> : <span className="faint">never</span>}</td>
      <td>{over ?? (one.expires === null ? "never" : <Time at={one.expires} />)}</td>
      <td className="end">
        {over === null && (
          <Button small onClick={onRevoke}>
            Revoke
          </Button>
        )}
      </td>
    </tr>
  );
}

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (token: string) => void }) {
  const { data: session } = useSession();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [lasts, setLasts] = useState(String(90 * DAY));
  const [only, setOnly] = useState("");
  const field = useId();
  return (
    <Confirm
      title="A new token"
      action="Make it"
      onClose={onClose}
      onConfirm={async () => {
        const { token } = await post<TokenRow & { token: string }>("/tokens", {
          name: name.trim(),
          role,
          expires_in: lasts === "" ? null : Number(lasts),
          environments: only === "" ? [] : [only],
        });
        await cache.invalidateQueries({ queryKey: ["tokens"] });
        onMade(token);
      }}
    >
      <label className="stack tight" htmlFor={field}>
        <span className="small">Name: whose, or what for</span>
        <input id={field} className="input" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <div className="row wrap">
        <Select label="Role" hideLabel={false} value={role} options={["viewer", "operator", "admin"]} onChange={(event) => setRole(event.target.value as Role)} />
        <Select label="Lasts" hideLabel={false} value={lasts} options={LASTS} onChange={(event) => setLasts(event.target.value)} />
        <Select
          label="Writes to"
          hideLabel={false}
          value={only}
          options={[{ value: "", label: "all environments" }, ...(session?.environments ?? []).map((one) => ({ value: one.name, label: one.name }))]}
          onChange={(event) => setOnly(event.target.value)}
        />
      </div>
    </Confirm>
  );
}
