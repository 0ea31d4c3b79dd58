/** The ceilings of the local stack, unit last, with the reason above each. */

// A part that dies is back within a second; one that dies again and again does not eat the machine.
export const RESTART_DELAY_MS_MIN = 200
export const RESTART_DELAY_MS_MAX = 5_000

// Ten seconds of health and the part starts over with the shortest delay.
export const HEALTHY_MS_MIN = 10_000

// A part that ends so often before it was ever ready will not become ready: say so instead of trying on.
export const FIRST_STARTS_MAX = 3

// A migration may rewrite what has gathered for long; ended in the middle it would begin anew at each start.
export const MIGRATE_MS_MAX = 30 * 60_000

// A process that has not answered for so long hangs: the longest pauses of those that work (a collection of garbage, a
// broker that cleans up, a busy disk) take seconds. Postgres is no such process, see platform/stack/servers/postgres.ts.
export const HUNG_MS_MAX = 30_000

// A supervisor that looks so late was itself held up, by a machine that slept or has too much to do: what seemed silent
// meanwhile is given its time anew.
export const SUPERVISOR_LATE_MS_MAX = 1_000

// One log file; two older ones are kept, so a part's logs never take more than three times this.
export const LOG_FILE_BYTES_MAX = 10 * 1024 * 1024

// What a failed part shows of its log.
export const LOG_LINES_SHOWN_MAX = 20

// An answer of a download host; a closed network must fall through to the next way at once.
export const DOWNLOAD_ANSWER_MS_MAX = 4_000

// A download that brings nothing for so long is given up.
export const DOWNLOAD_SILENCE_MS_MAX = 30_000

// A program that can be done without and cannot be had is asked for once a day: each start would wait for it anew.
export const ABSENCE_REMEMBERED_MS = 24 * 60 * 60 * 1000

// Free space needed to run at all, and to fetch or build the parts (the Go build's caches are the most of it).
export const DISK_FREE_BYTES_MIN = 1024 ** 3
export const FETCH_FREE_BYTES_MIN = 3 * 1024 ** 3
