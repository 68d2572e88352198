// What people type and paste, without the signs that nobody sees: two identities that look alike are one.

/** Signs without width and without meaning: spaces of no width, marks of byte order and direction, soft hyphens. */
const UNSEEN = /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** These join letters in some scripts and pictures in all: only at an end do they mean nothing. */
const JOINERS_AT_ENDS = /^[\s\u200c\u200d]+|[\s\u200c\u200d]+$/gu;

/** A value as it is kept: no unseen signs, no space at its ends. */
export const tidy = (text: string): string => text.replace(UNSEEN, "").replace(JOINERS_AT_ENDS, "");

/** An address holds no sign that is not seen, wherever it stands. */
export const tidyEmail = (text: string): string => tidy(text).replace(/[\u200c\u200d]/gu, "").replace(/^mailto:/i, "");
