/** Controls of forms, each with its name, what it wants and what is wrong with it. */
import { type InputHTMLAttributes, type ReactNode, useId } from 'react';

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly isLabelHidden?: boolean;
  readonly className?: string;
}

interface ControlProps {
  readonly id: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

interface AnyFieldProps extends FieldProps {
  readonly children: (props: ControlProps) => ReactNode;
}

export function Field({ label, hint, error, isLabelHidden, className, children }: AnyFieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div className={`flex min-w-0 flex-col gap-1 ${className ?? ''}`}>
      <label htmlFor={id} className={isLabelHidden === true ? 'sr-only' : 'text-xs text-muted'}>
        {label}
      </label>
      {children({
        id,
        'aria-invalid': error !== undefined,
        'aria-describedby': note === undefined ? undefined : noteId,
      })}
      {note !== undefined && (
        <p
          id={noteId}
          className={`text-xs ${error === undefined ? 'text-muted' : 'text-bad'}`}
          {...(error === undefined ? {} : { role: 'alert' })}
        >
          {note}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** A name, an id or an offset: in the typeface of such. */
  readonly isName?: boolean;
  readonly isNumber?: boolean;
  readonly input?: InputHTMLAttributes<HTMLInputElement>;
}

export function TextField({ value, onChange, isName, isNumber, input, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(props) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...(isNumber === true ? { inputMode: 'numeric' } : {})}
          {...input}
          {...props}
          className={`field ${isName === true ? 'font-mono' : ''}`}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps<Value extends string> extends FieldProps {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  /** What is shown of each, in the order of the list. */
  readonly options: readonly (readonly [value: Value, title: string])[];
}

export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  const { value, onChange, options, ...field } = props;
  return (
    <Field {...field}>
      {(control) => (
        <select
          {...control}
          className="field"
          value={value}
          onChange={({ target }) => {
            const chosen = options.find(([candidate]) => candidate === target.value);
            if (chosen !== undefined) onChange(chosen[0]);
          }}
        >
          {options.map(([option, title]) => (
            <option key={option} value={option}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** What is wrong with a form as a whole. */
export function FormFault({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p role="alert" className="text-bad">
      {text}
    </p>
  );
}
