/** What went wrong, in the frame where the result would have been. */
import type { JSX } from "preact";
import type { Problem } from "../generation/problem.ts";
import type { Run } from "../generation/snapshot.ts";
import { Icon } from "./icons.tsx";

interface Props {
  run: Run;
  problem: Problem;
  onRetry: () => void;
  onResume: () => void;
}

export function ProblemCard({ run, problem, onRetry, onResume }: Props): JSX.Element {
  const { title, explanation, code, fields, others, retryable, lost } = problem;
  const complaints = Object.entries(fields);
  const resumable = lost && run.call === "queue" && run.requestId !== "";
  return (
    <div class="problem" role="alert">
      <Icon name="trouble" />
      <h2>{title}</h2>
      <p>{explanation}</p>
      {complaints.length + others.length > 0 && (
        <ul>
          {complaints.map(([name, message]) => (
            <li key={name}>
              <strong>{run.labels.get(name) ?? name}</strong> {message}
            </li>
          ))}
          {others.map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      {run.text !== "" && <blockquote>{run.text}</blockquote>}
      {code !== "" && <code class="code-line">{code}</code>}
      {(resumable || retryable) && (
        <p class="problem-actions">
          {resumable ? (
            <button type="button" class="secondary" onClick={onResume}>
              Pick it up again
            </button>
          ) : (
            <button type="button" class="secondary" onClick={onRetry}>
              Run it again
            </button>
          )}
        </p>
      )}
    </div>
  );
}
