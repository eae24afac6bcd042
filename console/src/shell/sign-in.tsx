import { type SyntheticEvent, useState } from 'react';
import { messageOf } from '../queries/api.ts';
import { useSignIn } from '../queries/session.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';

/** Where the server wants to know who asks. */
export function SignIn() {
  const { mutate, isPending, error } = useSignIn();
  const [token, setToken] = useState('');
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (token !== '') mutate(token);
  };
  return (
    <Dialog title="Sign in" onClose={() => undefined}>
      <form onSubmit={onSubmit} className="flex flex-col gap-3">
        <TextField
          label="API key, or bearer token of Kubernetes"
          hint="The browser keeps it as a cookie that scripts cannot read"
          input={{ type: 'password' }}
          error={error === null ? undefined : messageOf(error)}
          value={token}
          onChange={setToken}
        />
        <Button type="submit" look="primary" disabled={isPending || token === ''}>
          Sign in
        </Button>
      </form>
    </Dialog>
  );
}
