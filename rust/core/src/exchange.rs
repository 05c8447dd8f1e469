//! Handing a part to the DSP thread while it runs, and getting the old one back to free it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::try_lock::TryLock;

/// A counter for one thing at a time. The DSP thread never waits at it, and never frees anything.
#[derive(Debug)]
pub(crate) struct Exchange<T> {
    /// Whether something is offered: the one load that the DSP thread pays otherwise.
    offered: AtomicBool,
    counter: TryLock<Counter<T>>,
}

struct Counter<T> {
    offer: Option<Option<T>>,
    returned: Option<T>,
}

impl<T> Default for Exchange<T> {
    fn default() -> Self {
        Self {
            offered: AtomicBool::new(false),
            counter: TryLock::new(Counter {
                offer: None,
                returned: None,
            }),
        }
    }
}

impl<T> Exchange<T> {
    /// Offers `part`, or `None` for none, in the place of what the DSP thread has. What came back
    /// earlier, or was offered and not taken, is freed here.
    pub(crate) fn offer(&self, part: Option<T>) {
        let mut offer = Some(part);
        let replaced = self.counter.with(|counter| {
            let unclaimed = std::mem::replace(&mut counter.offer, offer.take());
            self.offered.store(true, Ordering::Release);
            (unclaimed, counter.returned.take())
        });
        // Only now: the DSP thread may come in again.
        drop(replaced);
    }

    /// Exchanges `current` for what is offered, if anything is. Wait-free.
    pub(crate) fn take(&self, current: &mut Option<T>) {
        if !self.offered.load(Ordering::Acquire) {
            return;
        }
        self.counter.try_with(|counter| {
            if let Some(part) = counter.offer.take() {
                // `offer` emptied it, so nothing is freed here.
                counter.returned = std::mem::replace(current, part);
            }
            self.offered.store(false, Ordering::Relaxed);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_exchanged_is_freed_by_the_one_who_offers() {
        let exchange = Exchange::default();
        let (first, second) = (Arc::new(1), Arc::new(2));
        let mut current = None;
        exchange.take(&mut current);
        assert_eq!(current, None);
        exchange.offer(Some(Arc::clone(&first)));
        exchange.take(&mut current);
        exchange.offer(Some(Arc::clone(&second)));
        exchange.take(&mut current);
        assert_eq!(current.as_deref(), Some(&2));
        assert_eq!(Arc::strong_count(&first), 2, "not freed by taking");
        exchange.offer(None);
        assert_eq!(Arc::strong_count(&first), 1, "freed by offering");
        exchange.take(&mut current);
        assert_eq!(current, None);
    }
}
