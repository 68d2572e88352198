// What opens under a hand takes the focus; `autofocus` does so only when nothing has it.

export const focus = (node: HTMLElement): void => node.focus({ preventScroll: true });
