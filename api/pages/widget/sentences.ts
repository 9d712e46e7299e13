// What a screen reader is told of an answer that is still being written: whole sentences, each once.

/** The Markdown as it would be read out; what is still open at its end (a link, a citation) is left off. */
export function spoken(markdown: string): string {
  return markdown
    .replace(/```[^\n]*/g, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\s?\[\d[\d,\s]*\]/g, "")
    .replace(/!?\[[^\]]*(\]\([^)]*)?$/, "")
    .replace(/^\s*([-*+]|#{1,6}|>|\|?[\s:|-]+\|)\s+/gm, "")
    .replace(/[*_`|~]/g, "");
}

/** Rules for sentences; the general ones where the locale is none. */
function segmenter(locale: string): Intl.Segmenter {
  try {
    return new Intl.Segmenter(locale, { granularity: "sentence" });
  } catch {
    return new Intl.Segmenter("en", { granularity: "sentence" });
  }
}

export class Announcer {
  private said = 0;
  private readonly segments: Intl.Segmenter;

  constructor(
    private readonly region: HTMLElement,
    locale: string,
  ) {
    this.segments = segmenter(locale);
  }

  /** A new answer is on its way. */
  begin(words: string): void {
    this.said = 0;
    this.say(words);
  }

  /** Says the sentences that are whole now, and the last one too once the answer `isComplete`. */
  update(markdown: string, isComplete: boolean): void {
    const text = spoken(markdown);
    const sentences = [...this.segments.segment(text)];
    if (!isComplete) sentences.pop();
    for (const { segment, index } of sentences) {
      if (index < this.said) continue;
      this.said = index + segment.length;
      this.say(segment);
    }
  }

  say(text: string): void {
    if (!text.trim()) return;
    const line = document.createElement("p");
    line.textContent = text.trim();
    this.region.append(line);
    // Said is said: it would only be met again by somebody who reads the page.
    while (this.region.childElementCount > 12) this.region.firstElementChild!.remove();
  }
}
