import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { messageOf } from '../../queries/api.ts';
import { deletionQuery, useDeleteTopic } from '../../queries/topics.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { bytes, plural } from '../../ui/format.ts';
import { useToast } from '../../ui/toast.tsx';

interface DeleteTopicProps {
  readonly name: string;
  readonly onClose: () => void;
}

export function DeleteTopicDialog({ name, onClose }: DeleteTopicProps) {
  const navigate = useNavigate();
  const show = useToast();
  const dryRun = useQuery(deletionQuery(name));
  const { mutate, isPending, error } = useDeleteTopic(name);
  const [typed, setTyped] = useState('');
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (typed !== name) return;
    mutate(undefined, {
      onSuccess: () => {
        show('good', `Topic ${name} is deleted`);
        void navigate({ to: '/topics' });
      },
    });
  };
  const failure = error ?? dryRun.error;
  return (
    <Dialog title={`Delete topic ${name}`} onClose={onClose}>
      <form onSubmit={onSubmit} className="flex flex-col gap-3">
        <p className="min-h-10">
          {dryRun.data === undefined
            ? 'Counting what it holds…'
            : `This takes away ${plural(dryRun.data.partitions, 'partition')} with ${plural(
                dryRun.data.messages,
                'message',
              )} (${bytes(dryRun.data.bytes)}). It cannot be undone.`}
        </p>
        <TextField
          label={`Type ${name} to confirm`}
          isName
          error={failure ? messageOf(failure) : undefined}
          value={typed}
          onChange={setTyped}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="danger"
            disabled={typed !== name || isPending || dryRun.data === undefined}
          >
            {isPending ? 'Deleting…' : 'Delete topic'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
