import { Dialog } from '../ui/dialog.tsx';
import { SelectField } from '../ui/field.tsx';
import { CHOICES, type Preferences, prefer, usePreferences } from '../ui/preferences.ts';

const WORDS = {
  theme: { system: 'As the system', light: 'Light', dark: 'Dark' },
  density: { compact: 'Compact', comfortable: 'Comfortable' },
  zone: { local: 'Local time', utc: 'UTC' },
  refreshMs: {
    2_000: 'Every 2 s',
    5_000: 'Every 5 s',
    10_000: 'Every 10 s',
    30_000: 'Every 30 s',
    0: 'Only when asked',
  },
} as const;

const TITLES = { theme: 'Theme', density: 'Rows', zone: 'Times', refreshMs: 'Refresh' } as const;

export function PreferencesDialog({ onClose }: { readonly onClose: () => void }) {
  const preferences = usePreferences();
  return (
    <Dialog title="Preferences" onClose={onClose}>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        {(['theme', 'density', 'zone', 'refreshMs'] as const).map((name) => (
          <Choice key={name} name={name} preferences={preferences} />
        ))}
      </div>
    </Dialog>
  );
}

interface ChoiceProps {
  readonly name: keyof Preferences;
  readonly preferences: Preferences;
}

function Choice({ name, preferences }: ChoiceProps) {
  const choices: readonly (string | number)[] = CHOICES[name];
  const words: Readonly<Record<string, string>> = WORDS[name];
  return (
    <SelectField
      label={TITLES[name]}
      value={String(preferences[name])}
      onChange={(text) => prefer({ [name]: choices.find((choice) => String(choice) === text) })}
      options={choices.map((choice) => [String(choice), words[choice] ?? ''])}
    />
  );
}
