// Announcements of a streaming answer for screen readers: complete sentences, each once.

/** The Markdown as plain text for speech, without an unfinished link or citation at its end. */
export function spoken(markdown: string): string {
  return markdown
    .replace(/```[^\n]*/g, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\s?\[\d[\d,\s]*\]/g, "")
    .replace(/!?\[[^\]]*(\]\([^)]*)?$/, "")
    .replace(/^\s*([-*+]|#{1,6}|>|\|?[\s:|-]+\|)\s+/gm, "")
    .replace(/[*_`|~]/g, "");
}

/** The locale's sentence segmenter; English if the locale is invalid. */
function segmenter(locale: string): Intl.Segmenter {
  try {
    return new Intl.Segmenter(locale, { granularity: "sentence" });
  } catch {
    return new Intl.Segmenter("en", { granularity: "sentence" });
  }
}

export class Announcer {
  private announced = 0;
  private readonly segments: Intl.Segmenter;

  constructor(
    private readonly region: HTMLElement,
    locale: string,
  ) {
    this.segments = segmenter(locale);
  }

  /** Starts a new answer. */
  begin(words: string): void {
    this.announced = 0;
    this.announce(words);
  }

  /** Announces the sentences that are complete now, and the last one once the answer `isComplete`. */
  update(markdown: string, isComplete: boolean): void {
    const text = spoken(markdown);
    const sentences = [...this.segments.segment(text)];
    if (!isComplete) sentences.pop();
    for (const { segment, index } of sentences) {
      if (index < this.announced) continue;
      this.announced = index + segment.length;
      this.announce(segment);
    }
  }

  announce(text: string): void {
    if (!text.trim()) return;
    const line = document.createElement("p");
    line.textContent = text.trim();
    this.region.append(line);
    // Old lines are removed: somebody who reads through the page would meet them again.
    while (this.region.childElementCount > 12) this.region.firstElementChild!.remove();
  }
}
