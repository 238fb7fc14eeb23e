//! Answers past their time in the tiers below memory.

use super::{seen, tiers};

#[test]
fn a_stale_response_is_served_from_any_tier_until_its_window() {
    for (data_centre, store, tier) in [(false, false, "data_centre"), (true, false, "store"), (true, true, "sql")] {
        let tiers = tiers("strategy = \"persistent\", ttl = \"70s\", stale_while_revalidate = \"1h\"");
        tiers.call();
        assert_eq!(tiers.held(), (1, 1, 1), "the window counts as life");
        tiers.wait(71_000);
        tiers.forget(data_centre, store, false);
        assert_eq!(tiers.call(), seen(1, tier, ""));
        // It was fetched anew behind the caller's back, and what is new stands everywhere.
        assert_eq!(tiers.held(), (1, 1, 1), "after one from {tier}");
        assert_eq!(tiers.call(), seen(2, "data_centre", ""));
        tiers.wait(3_671_000);
        assert_eq!(tiers.call(), seen(3, "", "tier_stale"), "its window is over");
    }
}

#[test]
fn a_refreshed_response_replaces_the_stale_one() {
    let tiers = tiers("strategy = \"hybrid\", ttl = \"70s\", stale_while_revalidate = \"1h\"");
    tiers.call();
    tiers.wait(71_000);
    tiers.forget(true, false, false);
    assert_eq!(tiers.call(), seen(1, "store", ""));
    // Were it put into the nearer tier first, the store would refuse the second write of the same second.
    for data_centre in [false, true] {
        tiers.forget(data_centre, false, false);
        assert_eq!(tiers.call().value, 2);
    }
}
