/** Goes anywhere by a few letters: pages, topics, agents and groups by name. */
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, useId, useState } from 'react';
import { agentsQuery } from '../queries/agents.ts';
import { groupChoicesQuery } from '../queries/groups.ts';
import { topicChoicesQuery } from '../queries/topics.ts';
import { Dialog } from '../ui/dialog.tsx';
import { PLACES } from './places.ts';

interface Target {
  readonly kind: string;
  readonly title: string;
  readonly go: () => void;
}

const AGENTS_SHOWN_MAX = 10;

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const { targets, isLooking } = useTargets(text.trim().toLowerCase());
  const open = (target: Target | undefined): void => {
    if (target === undefined) return;
    onClose();
    target.go();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setChosen((index) => Math.min(Math.max(index + step, 0), targets.length - 1));
    }
    if (event.key === 'Enter') open(targets[chosen]);
  };
  const optionId = (index: number): string => `${id}-${index}`;
  return (
    <Dialog title="Go to" onClose={onClose}>
      <input
        role="combobox"
        className="field"
        aria-label="Page, topic, agent or group"
        aria-expanded
        aria-controls={id}
        {...(targets.length === 0 ? {} : { 'aria-activedescendant': optionId(chosen) })}
        placeholder="Page, topic, agent or group"
        value={text}
        onKeyDown={onKey}
        onChange={({ target }) => {
          setText(target.value);
          setChosen(0);
        }}
      />
      <ul id={id} role="listbox" aria-label="Found" className="mt-2 h-72 overflow-auto">
        {targets.map((target, index) => (
          <li
            key={`${target.kind}/${target.title}`}
            id={optionId(index)}
            role="option"
            aria-selected={index === chosen}
            ref={index === chosen ? intoSight : undefined}
            className={`flex h-8 pointer-coarse:h-11 cursor-pointer items-center gap-3 rounded px-2 ${
              index === chosen ? 'bg-raised' : ''
            }`}
            onMouseMove={() => setChosen(index)}
            onClick={() => open(target)}
          >
            <span className="w-14 shrink-0 text-xs text-muted">{target.kind}</span>
            <span className="truncate">{target.title}</span>
          </li>
        ))}
      </ul>
      <p role="status" className="min-h-5 text-muted">
        {isLooking ? 'Looking…' : targets.length === 0 && 'Nothing is called so'}
      </p>
    </Dialog>
  );
}

function intoSight(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: 'nearest' });
}

interface Targets {
  readonly targets: readonly Target[];
  /** There may be more of them. */
  readonly isLooking: boolean;
}

function useTargets(text: string): Targets {
  const router = useRouter();
  const topics = useQuery(topicChoicesQuery(text));
  const groups = useQuery(groupChoicesQuery(text));
  const agents = useQuery(agentsQuery());
  // What was found for fewer letters is offered until the answer comes: Enter must not go to what is called otherwise.
  const hasText = ({ title }: { readonly title: string }): boolean =>
    title.toLowerCase().includes(text);
  const targets = [
    ...PLACES.map(({ to, title }) => ({
      kind: 'Page',
      title,
      go: () => void router.navigate({ to }),
    })),
    ...(topics.data?.items ?? []).map(({ name }) => ({
      kind: 'Topic',
      title: name,
      go: () => void router.navigate({ to: '/topics/$name', params: { name } }),
    })),
    ...(groups.data?.items ?? []).map(({ groupId }) => ({
      kind: 'Group',
      title: groupId,
      go: () => void router.navigate({ to: '/consumer-groups/$id', params: { id: groupId } }),
    })),
    ...(agents.data?.items ?? [])
      .map(({ agent_id: title }) => ({
        kind: 'Agent',
        title,
        go: () => void router.navigate({ to: '/agents/$id', params: { id: title } }),
      }))
      .filter(hasText)
      .slice(0, AGENTS_SHOWN_MAX),
  ];
  return {
    targets: targets.filter(hasText),
    isLooking: topics.isPlaceholderData || groups.isPlaceholderData,
  };
}
