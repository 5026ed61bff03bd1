//! The Mann-Whitney U test: whether one set of numbers is higher than another by more than chance, whatever their
//! distribution, and by how much.

/// Up to so many numbers in all, the distribution of U is counted out rather than approximated.
const COUNTED_OUT: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Comparison {
    /// How often two equal sets would differ as much by chance (one-sided p).
    pub(super) chance: f64,
    /// The probability that one of the first is higher than one of the second; equal ones count half.
    pub(super) superiority: f64,
}

/// Whether the first are higher than the second. `None` for what are no numbers, and without any.
pub(super) fn compare(first: &[f64], second: &[f64]) -> Option<Comparison> {
    let finite = |numbers: &[f64]| !numbers.is_empty() && numbers.iter().all(|number| number.is_finite());
    if !finite(first) || !finite(second) {
        return None;
    }
    let mut halves = 0_usize;
    for a in first {
        for b in second {
            halves += if a > b { 2 } else { usize::from(a == b) };
        }
    }
    let u = float(halves) / 2.0;
    let ties = ties(first, second);
    let chance = if ties.is_empty() && first.len() + second.len() <= COUNTED_OUT {
        counted_out(first.len(), second.len(), halves / 2)
    } else {
        approximated(first.len(), second.len(), u, &ties)
    };
    Some(Comparison {
        chance,
        superiority: u / float(first.len() * second.len()),
    })
}

/// How many share each value that several have.
fn ties(first: &[f64], second: &[f64]) -> Vec<usize> {
    let mut all: Vec<f64> = first.iter().chain(second).copied().collect();
    all.sort_by(f64::total_cmp);
    all.chunk_by(|a, b| a == b)
        .map(<[f64]>::len)
        .filter(|many| *many > 1)
        .collect()
}

/// P(U ≥ u) when every order is as likely. The orders that give each U are counted: without ties, the highest of all
/// numbers is of the first set, and above the whole second, or it is of the second.
fn counted_out(first: usize, second: usize, u: usize) -> f64 {
    let most = first * second;
    // For sets of (i, j), by U. Only the row of i - 1 is needed for that of i.
    let mut row: Vec<Vec<f64>> = vec![one_order(most); second + 1];
    for _ in 1..=first {
        let mut next: Vec<Vec<f64>> = vec![one_order(most)];
        for j in 1..=second {
            let orders = (0..=most)
                .map(|u| {
                    let highest_is_first = if u >= j { row[j][u - j] } else { 0.0 };
                    highest_is_first + next[j - 1][u]
                })
                .collect();
            next.push(orders);
        }
        row = next;
    }
    let orders = &row[second];
    orders[u.min(most)..].iter().sum::<f64>() / orders.iter().sum::<f64>()
}

/// With one of the sets empty, there is one order, and U is 0.
fn one_order(most: usize) -> Vec<f64> {
    let mut orders = vec![0.0; most + 1];
    orders[0] = 1.0;
    orders
}

/// The same by the normal distribution, with corrections for ties and for U going by steps.
fn approximated(first: usize, second: usize, u: f64, ties: &[usize]) -> f64 {
    let (n, m) = (float(first), float(second));
    let all = n + m;
    let tied: f64 = ties.iter().map(|many| float(*many).powi(3) - float(*many)).sum();
    let variance = n * m / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)));
    if variance <= 0.0 {
        // All are equal: nothing is higher than anything.
        return 1.0;
    }
    let deviation = (u - n * m / 2.0 - 0.5) / variance.sqrt();
    // Half of the complementary error function: what is above so many deviations.
    (erfc(deviation / std::f64::consts::SQRT_2) / 2.0).clamp(0.0, 1.0)
}

/// The complementary error function: near zero by its Taylor series, further out by its continued fraction.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    let root = std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let mut term = x;
        let mut sum = x;
        for step in 1..60 {
            let step = f64::from(step);
            term *= -x * x / step;
            sum += term / (2.0 * step + 1.0);
        }
        return 1.0 - 2.0 / root * sum;
    }
    let fraction = (1..80)
        .rev()
        .fold(x, |below, step| x + f64::from(step) / 2.0 / below);
    (-x * x).exp() / root / fraction
}

#[expect(clippy::cast_precision_loss, reason = "numbers of periods are small")]
fn float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::judging::Test;

    fn near(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() < 1e-9,
            "{what}: {found}, expected {expected}"
        );
    }

    /// Thirty numbers a step apart.
    fn stairs(step: f64, begin: f64) -> Vec<f64> {
        (0..30).map(|number| f64::from(number) * step + begin).collect()
    }

    #[test]
    fn chances_are_those_that_scipy_gives() {
        // scipy.stats.mannwhitneyu(first, second, alternative="greater"): method="exact" without ties in small sets,
        // else method="asymptotic".
        let table: &[(&str, &[f64], &[f64], f64, f64)] = &[
            (
                "apart",
                &[6.0, 7.0, 8.0, 9.0, 10.0],
                &[1.0, 2.0, 3.0, 4.0, 5.0],
                25.0,
                0.003_968_253_968_253_968,
            ),
            (
                "mixed",
                &[1.1, 3.2, 5.3, 7.4],
                &[2.1, 4.2, 6.3, 8.4],
                6.0,
                0.757_142_857_142_857_1,
            ),
            (
                "of different sizes",
                &[0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
                &[1.15, 0.88, 0.9, 0.74, 1.21],
                35.0,
                0.127_206_127_206_127_2,
            ),
            ("lower", &[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.0, 1.0),
            (
                "tied",
                &[2.0, 2.0, 3.0, 4.0, 5.0, 5.0],
                &[1.0, 2.0, 2.0, 3.0, 3.0, 4.0],
                25.5,
                0.124_325_767_169_991_55,
            ),
            (
                "mostly zero",
                &[0.0, 0.0, 0.0, 1.5, 2.5],
                &[0.0, 0.0, 0.0, 0.0, 0.0],
                17.5,
                0.089_856_247_439_499_88,
            ),
            ("equal", &[3.0; 4], &[3.0; 4], 8.0, 1.0),
            (
                "one tie",
                &[5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0],
                &[1.0, 2.0, 3.0, 4.0, 5.0, 12.0, 13.0],
                34.5,
                0.112_144_606_241_183_05,
            ),
            (
                "long",
                &stairs(1.01, 0.37),
                &stairs(1.0, 0.0),
                465.0,
                0.415_127_641_955_598_15,
            ),
            (
                "long and higher",
                &stairs(1.01, 9.37),
                &stairs(1.0, 0.0),
                690.0,
                0.000_199_405_096_923_305_26,
            ),
        ];
        for (what, first, second, u, chance) in table {
            let found = compare(first, second).expect("numbers");
            near(found.chance, *chance, what);
            near(found.superiority, u / float(first.len() * second.len()), what);
        }
    }

    #[test]
    fn the_error_function_is_exact_near_and_far() {
        // scipy.special.erfc.
        let table = [
            (0.0, 1.0),
            (0.1, 0.887_537_083_981_715_2),
            (0.5, 0.479_500_122_186_953_5),
            (1.0, 0.157_299_207_050_285_16),
            (1.5, 0.033_894_853_524_689_27),
            (2.0, 0.004_677_734_981_047_266),
            (2.5, 0.000_406_952_017_444_958_86),
            (3.0, 2.209_049_699_858_544_5e-5),
            (4.0, 1.541_725_790_028_002e-8),
            (-0.7, 1.677_801_193_837_418_2),
            (-2.5, 1.999_593_047_982_555),
        ];
        for (x, expected) in table {
            let error = (erfc(x) - expected).abs() / expected;
            assert!(error < 1e-11, "erfc({x}) is {}, not {expected}", erfc(x));
        }
    }

    #[test]
    fn what_sets_can_show_at_best_is_what_they_show_when_they_are_apart() {
        // One over the number of ways to choose: 70, 252, 210.
        for (first, second, chance) in [(4, 4, 1.0 / 70.0), (5, 5, 1.0 / 252.0), (4, 6, 1.0 / 210.0)] {
            near(Test::smallest_chance(first, second), chance, "smallest");
            near(counted_out(first, second, first * second), chance, "counted out");
        }
    }

    #[test]
    fn nothing_is_concluded_from_what_is_no_number() {
        assert_eq!(compare(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(compare(&[1.0, 2.0], &[f64::INFINITY, 2.0]), None);
        assert_eq!(compare(&[], &[1.0]), None);
    }

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec((-20_i32..20).prop_map(f64::from), 1..25)
    }

    proptest! {
        #![proptest_config(crate::cases::cases(200))]

        #[test]
        fn one_is_as_much_higher_as_the_other_is_lower(first in numbers(), second in numbers()) {
            let there = compare(&first, &second).expect("numbers");
            let back = compare(&second, &first).expect("numbers");
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&there.chance), "{there:?}");
            // Both directions count the orders that are exactly as found.
            prop_assert!(there.chance + back.chance >= 1.0 - 1e-9, "{there:?} {back:?}");
        }

        #[test]
        fn raising_one_number_never_makes_its_set_lower(first in numbers(), second in numbers(), by in 1_u8..9) {
            let mut raised = first.clone();
            raised[0] += f64::from(by);
            let before = compare(&first, &second).expect("numbers").superiority;
            prop_assert!(compare(&raised, &second).expect("numbers").superiority >= before);
        }
    }
}
