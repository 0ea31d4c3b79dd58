/** Lets so many pieces of work be in hand at the same time; others wait, first come, first served. */
export class Turns {
  #free: number
  #waiting: { readonly spare: number; readonly go: () => void }[] = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /**
   * Waits for a turn; whoever has it calls what it is given when the work is done. `spare` turns are left to others:
   * who asks for some waits until that many more are free.
   */
  async enter(spare = 0): Promise<() => void> {
    await new Promise<void>((go) => {
      this.#waiting.push({ spare, go })
      this.#admit()
    })
    return () => {
      this.#free++
      this.#admit()
    }
  }

  #admit(): void {
    for (;;) {
      const next = this.#waiting.find(({ spare }) => this.#free > spare)
      if (next === undefined) return
      this.#waiting = this.#waiting.filter((each) => each !== next)
      this.#free--
      next.go()
    }
  }
}
