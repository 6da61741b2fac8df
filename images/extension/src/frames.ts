import { isHumanInFrame } from './human';

/** A press is known of for five seconds in the browsers there are. */
const LOOK_EVERY = 1000;

/**
 * Say what a person does in a frame of this page, as an output shows one: a frame keeps its keys and clicks to itself.
 *
 * The browser knows of them all the same: for some seconds after a press it takes the page for one that is used, whichever
 * of its frames the press was in, also one of another origin, and no script can have it do so. That a frame gets the
 * focus is no such sign: a script can give it.
 */
export function hearInFrames(act: (frame: Element) => void): void {
  setInterval(() => {
    const focused = document.activeElement;
    const frame = focused instanceof HTMLIFrameElement ? focused : null;
    const seen = {
      isInFrame: frame !== null,
      isVisible: document.visibilityState === 'visible',
      hasFocus: document.hasFocus(),
      isUsed: navigator.userActivation?.isActive ?? false
    };
    if (frame && isHumanInFrame(seen)) {
      act(frame);
    }
  }, LOOK_EVERY);
}
