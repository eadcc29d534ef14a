/** One box to find a model by name, or to type any endpoint id: an ARIA combobox with a grouped list. */
import { Fragment, type JSX } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { GROUPS, type Group, type Model } from "../models/model.ts";
import { Icon, type IconName } from "./icons.tsx";

const GROUP_ICONS: Readonly<Record<Group, IconName>> = {
  Image: "image",
  Video: "video",
  Audio: "audio",
  Text: "text",
  Tools: "tools",
  "Only on the emulator": "trouble",
};

interface Props {
  models: readonly Model[];
  value: Model;
  onPick: (id: string) => void;
}

/** A row of the list: a known model, or the text itself as an endpoint id. */
interface Row {
  id: string;
  title: string;
  note: string;
  group: Group | "";
}

export function ModelPicker({ models, value, onPick }: Props): JSX.Element {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const base = useId();

  const rows = useMemo(() => findRows(models, text), [models, text]);
  const current = Math.min(active, rows.length - 1);

  useEffect(() => {
    if (open)
      list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [open, current]);

  const show = (): void => {
    if (open) return;
    setText("");
    setActive(
      Math.max(
        0,
        findRows(models, "").findIndex((row) => row.id === value.id),
      ),
    );
    setOpen(true);
  };
  const hide = (): void => setOpen(false);
  const pick = (row: Row | undefined): void => {
    if (row) onPick(row.id);
    hide();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const { key } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) return;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!open) return show();
      const step = key === "ArrowDown" ? 1 : -1;
      setActive((current + step + rows.length) % rows.length);
    } else if (key === "Home" && open) setActive(0);
    else if (key === "End" && open) setActive(rows.length - 1);
    else if (key === "Enter") {
      event.preventDefault();
      if (open) pick(rows[current]);
      else show();
    } else if (key === "Escape" && open) {
      // The page's own Escape cancels a run; this one only closes the list.
      event.stopPropagation();
      hide();
    }
  };

  return (
    <div class="picker">
      <label for={`${base}-input`}>Model</label>
      <div class="picker-box">
        <Icon name={GROUP_ICONS[value.group]} />
        <input
          ref={input}
          id={`${base}-input`}
          role="combobox"
          aria-expanded={open}
          aria-controls={`${base}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && rows.length > 0 ? `${base}-${current}` : undefined}
          aria-describedby={`${base}-note`}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={open ? "Search, or type owner/model" : undefined}
          value={open ? text : value.title}
          onClick={show}
          onInput={(event) => {
            const typed = event.currentTarget.value;
            // The first key replaces the shown title.
            setText(open ? typed : typed.replace(value.title, ""));
            setActive(0);
            setOpen(true);
          }}
          onKeyDown={onKeyDown}
          onBlur={hide}
        />
        <Icon name="chevron" />
      </div>
      <p class="picker-note" id={`${base}-note`}>
        <code>{value.id}</code>
        <span>{value.note}</span>
      </p>
      {open && (
        // Keeps the focus in the box while the list is clicked or scrolled.
        <ul
          ref={list}
          id={`${base}-list`}
          class="picker-list"
          role="listbox"
          aria-label="Models"
          onMouseDown={(event) => event.preventDefault()}
        >
          {rows.map((row, index) => (
            <Fragment key={row.id}>
              {row.group !== (rows[index - 1]?.group ?? null) && (
                <li role="presentation" class="picker-group">
                  {row.group || "Any endpoint"}
                </li>
              )}
              <li
                id={`${base}-${index}`}
                role="option"
                aria-selected={index === current}
                class={row.id === value.id ? "chosen" : undefined}
                onClick={() => pick(row)}
                onMouseMove={() => setActive(index)}
              >
                <span>{row.title}</span>
                <small>{row.note}</small>
              </li>
            </Fragment>
          ))}
          {rows.length === 0 && (
            <li role="presentation" class="picker-group">
              No model of that name. An endpoint id looks like owner/model.
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

function findRows(models: readonly Model[], text: string): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: Row[] = GROUPS.flatMap((group) =>
    models.filter(
      (model) =>
        model.group === group &&
        words.every((word) =>
          `${model.title} ${model.id} ${model.note} ${group}`.toLowerCase().includes(word),
        ),
    ),
  ).map(({ id, title, note, group }) => ({ id, title, note, group }));
  const id = endpointId(text);
  if (id !== undefined && !rows.some((row) => row.id === id)) {
    const known = models.find((model) => model.id === id);
    rows.push({ id, title: known?.title ?? id, note: "Use this endpoint", group: "" });
  }
  return rows;
}

/** The id in what was typed or pasted, a model page's address included. */
export function endpointId(text: string): string | undefined {
  const id = text
    .trim()
    .replace(/^https:\/\/(?:(?:www\.)?fal\.ai\/models|(?:queue\.)?fal\.run)\//, "")
    .replace(/\/(api|playground)?$/, "");
  return /^[\w.-]+(\/[\w.-]+)+$/.test(id) ? id : undefined;
}
