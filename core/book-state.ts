/**
 * What a book says. `waits`: only a rebuild can settle it; `pending`: some of it is about to be built. Nothing is lost in
 * either.
 */
export type BookState = 'balanced' | 'broken' | 'waits' | 'pending'
