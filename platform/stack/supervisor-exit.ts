/** What a supervisor exits with when another one holds the home folder. */
export const EXIT_HELD = 75
