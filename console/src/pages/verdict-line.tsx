import { Link } from '@tanstack/react-router';
import { useVerdict } from '../queries/verdict.ts';
import { Status } from '../ui/status.tsx';

/** The answer to the first question of a page: is it healthy? */
export function VerdictLine() {
  const { tone, text, to } = useVerdict();
  return (
    <p role="status" aria-label="Health" className="flex min-h-6 flex-wrap items-center gap-3">
      <Status tone={tone}>
        <span className="font-medium">{text}</span>
      </Status>
      {to !== undefined && (
        <Link to={to} className="link">
          Look
        </Link>
      )}
    </p>
  );
}
