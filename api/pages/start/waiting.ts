// The notice of a service that is still starting: what it waits for, until it is ready.

const FIRST_POLL_MS = 500;
const LAST_POLL_MS = 5_000;
const NAMES: Record<string, string> = { postgresql: "the database", prefect: "Prefect", worker: "the worker" };

/** What the service says of itself; null if it says nothing that can be read. */
async function readReadiness(): Promise<{ status: string; dependencies: Record<string, string> } | null> {
  try {
    return await (await fetch("/readyz")).json();
  } catch {
    return null;
  }
}

/** Names of the parts that are not well. */
function missing(dependencies: Record<string, string>): string {
  const names = Object.entries(dependencies).flatMap(([name, state]) => (state === "ok" ? [] : [NAMES[name] ?? name]));
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "");
}

/** Shows in the element what the service waits for, and empties it when builds can begin. */
export async function showWaiting(element: HTMLElement): Promise<void> {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(1.5 * pause, LAST_POLL_MS)) {
    const found = await readReadiness();
    if (found?.status === "ready") break;
    element.textContent = found
      ? `Not ready yet: waiting for ${missing(found.dependencies)}.`
      : "The service does not answer. Trying again …";
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  element.textContent = "";
}
