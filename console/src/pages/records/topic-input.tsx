import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { topicChoicesQuery } from '../../queries/topics.ts';
import { Field } from '../../ui/field.tsx';

interface TopicInputProps {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (name: string) => void;
}

/** A topic by its name; the server proposes those that have what was typed. */
export function TopicInput({ value, error, onChange }: TopicInputProps) {
  const id = useId();
  const { data } = useQuery(topicChoicesQuery(value));
  return (
    <Field label="Topic" error={error} className="sm:col-span-2">
      {(props) => (
        <>
          <input
            {...props}
            className="field font-mono"
            list={id}
            autoComplete="off"
            spellCheck={false}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
          <datalist id={id}>
            {data?.items.map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
