/** Unpacked frames, the latest used ones first; older ones are forgotten beyond a number of bytes. */
class PlaneCache {
  constructor(limit) {
    this.limit = limit;
    this.bytes = 0;
    this.held = new Map();
    this.coming = new Map();
  }

  /** The frame if it is unpacked. */
  peek(planes, frame) {
    const key = `${planes.number}-${frame}`;
    const plane = this.held.get(key);
    if (plane) {
      this.held.delete(key);
      this.held.set(key, plane);
    }
    return plane;
  }

  /** A promise of the frame. */
  async fetch(planes, frame) {
    const key = `${planes.number}-${frame}`;
    const there = this.peek(planes, frame);
    if (there) return there;
    if (!this.coming.has(key)) this.coming.set(key, unpackPlane(planes, frame));
    const plane = await this.coming.get(key);
    if (this.coming.delete(key)) this.keep(key, plane);
    return plane;
  }

  keep(key, plane) {
    this.held.set(key, plane);
    this.bytes += plane.bytes;
    for (const [oldest, other] of this.held) {
      if (this.bytes <= this.limit || oldest === key) break;
      this.held.delete(oldest);
      this.bytes -= other.bytes;
    }
  }
}

const planeCache = new PlaneCache(400e6);
