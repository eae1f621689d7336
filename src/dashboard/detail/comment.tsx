import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Changing } from "./use-changing.ts";

/** The field above the history. A saved comment appears right below it, and the field is ready for the next one. */
export function CommentForm({ changing }: { readonly changing: Changing }): VNode {
  const [comment, setComment] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const { isSending, saved, send } = changing;
  useEffect(() => {
    if (saved?.place !== "history") return;
    setComment("");
    field.current?.focus();
  }, [saved]);
  return (
    <form
      class="triage-form comment-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send({ comment }, "history");
      }}
    >
      <CommentField id="comment" label="Comment" value={comment} onInput={setComment} field={field} />
      <div class="form-end">
        <span class="soft" role="status">
          {saved?.place === "history" && comment === "" && "Saved: your comment is the first entry below."}
        </span>
        <button type="submit" disabled={isSending || comment.trim() === ""}>
          Add comment
        </button>
      </div>
    </form>
  );
}

interface CommentFieldProps {
  readonly value: string;
  readonly label: string;
  readonly id?: string;
  readonly field?: { current: HTMLTextAreaElement | null };
  onInput(value: string): void;
}

export function CommentField({ value, label, onInput, field, id }: CommentFieldProps): VNode {
  return (
    <label>
      {label}
      <textarea
        {...(field && { ref: field })}
        {...(id !== undefined && { id })}
        rows={2}
        maxLength={2_000}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** Focuses a form that was just opened, before the next key, which may be the first letter of a comment. */
export function useFocus<T extends HTMLElement>() {
  const element = useRef<T>(null);
  useLayoutEffect(() => element.current?.focus(), []);
  return element;
}
