/** How the page looks in this browser. */
import { setTheme, type ThemeChoice, useThemeChoice } from "../../app/theme";
import { Card } from "../../parts/page";

const CHOICES: { choice: ThemeChoice; word: string }[] = [
  { choice: "system", word: "As the system" },
  { choice: "light", word: "Light" },
  { choice: "dark", word: "Dark" },
];

export function Look() {
  const chosen = useThemeChoice();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="grid-2">
      <Card title="Theme">
        <div className="segmented" role="radiogroup" aria-label="Theme">
          {CHOICES.map(({ choice, word }) => (
            <button key={choice} type="button" role="radio" aria-checked={chosen === choice} onClick={() => setTheme(choice)}>
              {word}
            </button>
          ))}
        </div>
        <p className="small muted settings-note">
          Kept in this browser. <kbd>t</kbd> switches it anywhere.
        </p>
      </Card>
      <Card title="Times and keys">
        <p className="small">
          Times are shown in the zone of this browser, <strong>{zone}</strong>; those of schedules in the zone of the schedule.
        </p>
        <p className="small muted settings-note">
          <kbd>?</kbd> shows all keys, <kbd>Ctrl K</kbd> finds assets, runs and commands.
        </p>
      </Card>
    </div>
  );
}
