export interface Turn<Contender, Scenario> {
  readonly round: number
  readonly scenario: Scenario
  readonly contender: Contender
}

/**
 * Who runs when. Each round has every pair once, so that contenders alternate and a machine that slows down slows
 * them all; within a round the order of the scenarios, and of the contenders in each, is drawn.
 */
export function schedule<Contender, Scenario>(
  contenders: readonly Contender[],
  scenarios: readonly Scenario[],
  rounds: number,
  random: () => number,
): Turn<Contender, Scenario>[] {
  const turns: Turn<Contender, Scenario>[] = []
  for (let round = 0; round < rounds; round++) {
    for (const scenario of shuffled(scenarios, random)) {
      for (const contender of shuffled(contenders, random)) turns.push({ round, scenario, contender })
    }
  }
  return turns
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const drawn = [...items]
  for (let i = drawn.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    const held = drawn[i]!
    drawn[i] = drawn[other]!
    drawn[other] = held
  }
  return drawn
}
