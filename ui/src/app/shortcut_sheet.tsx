import { Keys } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { useRegistered } from "./shortcuts";

/** `?`: the keys of this screen and those that work everywhere. */
export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const groups = new Map<string, { keys: string; what: string }[]>();
  for (const { keys, what, group = "This screen", hidden } of useRegistered()) {
    if (hidden) continue;
    groups.set(group, [...(groups.get(group) ?? []), { keys, what }]);
  }
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <div className="shortcut-groups">
        {[...groups].map(([group, shortcuts]) => (
          <section key={group}>
            <h3 className="overline">{group}</h3>
            <dl className="shortcut-list">
              {shortcuts.map(({ keys, what }) => (
                <div key={keys}>
                  <dt>{what}</dt>
                  <dd>
                    <Keys keys={keys} />
                    <span className="sr">{keys}</span>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3 className="overline">Lists and tables</h3>
          <dl className="shortcut-list">
            {(
              [
                ["j k", "Down, up"],
                ["x", "Select the row"],
                ["Shift+X", "Select up to here"],
                ["Enter", "Open the row"],
                ["Escape", "Clear the selection"],
              ] as const
            ).map(([keys, what]) => (
              <div key={keys}>
                <dt>{what}</dt>
                <dd>
                  <Keys keys={keys} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
