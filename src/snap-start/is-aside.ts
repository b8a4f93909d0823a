/** First argument of the process that answers aside; see aside.ts. Lambda gives an extension no arguments. */
export const ASIDE = 'answer-aside'

export const isAside: boolean = process.argv[2] === ASIDE
