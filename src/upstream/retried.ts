const ATTEMPTS = 3
const DELAY_MS = 100

/** Calls up to three times, after 100 and 200 ms, as long as it fails so that a retry may help. Rejects as the last. */
export async function retried<T>(call: () => Promise<T>, mayHelp = (_error: unknown) => true): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === ATTEMPTS || !mayHelp(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, DELAY_MS * attempt))
    }
  }
}
