/** Something to wait for until a test says so: `{ until, release }` is a fault of the AWS emulator as well. */
export function gate(): { readonly until: Promise<void>; readonly release: () => void } {
  let release = (): void => {}
  const until = new Promise<void>((resolve) => (release = resolve))
  return { until, release }
}
