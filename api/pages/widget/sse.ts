// Server-Sent Events over fetch, which, unlike EventSource, allows POST and shows the status of failed requests.

/** The objects in the stream's data; ends with the stream, or after `silenceMs` without any bytes. */
export async function* readEvents(stream: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const timer = setTimeout(() => void reader.cancel(), silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      const frames = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = frames.pop()!;
      for (const frame of frames) {
        const event = parse(frame);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The object in a frame's data; undefined for comments and invalid JSON. */
function parse(frame: string): unknown {
  const data = frame
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trim())
    .join("\n");
  try {
    return data ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}
