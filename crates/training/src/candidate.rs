//! What the search tries.
//!
//! The simple ones have to be beaten: the same hour of the day or week before, the member's own forecast as it is and with its bias corrected, exponential smoothing.
//! Trees come as a member's own model, one pooled over all members, and the mean of both, with the member's forecast and without, with temperature
//! where the data have it.

use core::fmt;
use fairway_forecast::columns::Extras;
use fairway_forecast::track::MEDIAN;
use fairway_forecast::trees::{Objective, Recipe};
use minicbor::{Decode, Encode};

/// Which models speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Voice {
    /// The member's own.
    #[n(0)]
    Own,
    /// The one pooled over all members.
    #[n(1)]
    Pooled,
    /// The mean of both.
    #[n(2)]
    Both,
}

/// What trees look at besides the member's load and the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Looks {
    /// The member's own forecast; the model then learns what is left over.
    #[n(0)]
    pub forecast: bool,
    /// Temperature.
    #[n(1)]
    pub temperature: bool,
    /// The sum of the other members' loads.
    #[n(2)]
    pub neighbours: bool,
}

impl Looks {
    /// As the library asks for it.
    pub fn extras(self) -> Extras {
        Extras {
            forecast: self.forecast,
            temperature: self.temperature,
            neighbours: u8::from(self.neighbours),
        }
    }
}

/// How large trees are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Size {
    /// 15 leaves.
    #[n(0)]
    Small,
    /// 31 leaves.
    #[n(1)]
    Large,
}

/// One way to forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Candidate {
    /// The load so many hours before: 24 or 168.
    #[n(0)]
    Naive {
        /// The period in hours.
        #[n(0)]
        period: u16,
    },
    /// The member's own forecast as posted.
    #[n(1)]
    Posted,
    /// The member's own forecast, its bias corrected.
    #[n(2)]
    Corrected,
    /// Double seasonal exponential smoothing.
    #[n(3)]
    Smoothed,
    /// Gradient-boosted trees.
    #[n(4)]
    Trees {
        /// Which models.
        #[n(0)]
        voice: Voice,
        /// What they look at.
        #[n(1)]
        looks: Looks,
        /// How large they are.
        #[n(2)]
        size: Size,
    },
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Naive { period } => write!(f, "naive-{period}"),
            Self::Posted => write!(f, "utility"),
            Self::Corrected => write!(f, "utility-corrected"),
            Self::Smoothed => write!(f, "smoothing"),
            Self::Trees { voice, looks, size } => {
                let voice = match voice {
                    Voice::Own => "own",
                    Voice::Pooled => "pooled",
                    Voice::Both => "own+pooled",
                };
                let parts = [
                    (looks.forecast, "forecast"),
                    (looks.temperature, "temperature"),
                    (looks.neighbours, "neighbours"),
                    (*size == Size::Large, "large"),
                ];
                write!(f, "trees-{voice}")?;
                parts
                    .iter()
                    .filter(|(there, _)| *there)
                    .try_for_each(|(_, name)| write!(f, "-{name}"))
            }
        }
    }
}

/// How much is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Effort {
    /// A few small trees: for trying the tool out.
    #[n(0)]
    Tiny,
    /// A third of the trees, with larger steps.
    #[n(1)]
    Quick,
    /// The recommended numbers, in two sizes.
    #[n(2)]
    Full,
}

/// What a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Has {
    /// Its own forecast.
    pub forecast: bool,
    /// Temperature.
    pub temperature: bool,
    /// Other members to pool with, all of which have what the own has.
    pub others: bool,
}

/// Everything that is tried with what a member has.
pub fn roster(has: Has, effort: Effort) -> Vec<Candidate> {
    let mut found = vec![
        Candidate::Naive { period: 24 },
        Candidate::Naive { period: 168 },
        Candidate::Smoothed,
    ];
    if has.forecast {
        found.extend([Candidate::Posted, Candidate::Corrected]);
    }
    let voices: &[Voice] = if has.others {
        &[Voice::Own, Voice::Pooled, Voice::Both]
    } else {
        &[Voice::Own]
    };
    let sizes: &[Size] = if effort == Effort::Full {
        &[Size::Small, Size::Large]
    } else {
        &[Size::Small]
    };
    for forecast in [true, false] {
        for temperature in [true, false] {
            if (forecast && !has.forecast) || (temperature && !has.temperature) {
                continue;
            }
            // Beside its own forecast a member learns nothing from its neighbours' loads.
            let looks = Looks {
                forecast,
                temperature,
                neighbours: has.others && !forecast,
            };
            for size in sizes {
                found.extend(voices.iter().map(|voice| Candidate::Trees {
                    voice: *voice,
                    looks,
                    size: *size,
                }));
            }
        }
    }
    found
}

/// How a level's model is trained.
pub fn recipe(effort: Effort, size: Size, level: u16, pooled: bool, seed: u64) -> Recipe {
    let tail = level != MEDIAN;
    let objective = if tail {
        Objective::Quantile { level }
    } else {
        Objective::Absolute
    };
    let base = Recipe {
        leaves: if size == Size::Large || pooled {
            31
        } else {
            15
        },
        seed,
        ..Recipe::recommended(objective)
    };
    // The tails need fewer trees than the point, and a pooled model has seen enough for more.
    let (trees, rate) = match (effort, tail) {
        (Effort::Full, false) => (if pooled { 400 } else { 300 }, 40),
        (Effort::Full, true) => (150, 80),
        (Effort::Quick, false) => (120, 100),
        (Effort::Quick, true) => (60, 160),
        (Effort::Tiny, _) => (12, 300),
    };
    let (bins, fewest_rows) = if effort == Effort::Tiny {
        (32, 20)
    } else {
        (base.bins, base.fewest_rows)
    };
    Recipe {
        trees,
        rate,
        bins,
        fewest_rows,
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(has: Has, effort: Effort) -> Vec<String> {
        roster(has, effort)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_tried_follows_what_there_is() {
        assert_eq!(
            labels(Has::default(), Effort::Quick),
            ["naive-24", "naive-168", "smoothing", "trees-own"]
        );
        let all = Has {
            forecast: true,
            temperature: true,
            others: true,
        };
        let labels = labels(all, Effort::Full);
        assert_eq!(labels.len(), 5 + 4 * 2 * 3);
        assert!(labels.contains(&"trees-own+pooled-forecast-temperature-large".to_owned()));
        assert!(labels.contains(&"trees-pooled-neighbours".to_owned()));
    }

    #[test]
    fn every_recipe_is_sound() {
        for effort in [Effort::Tiny, Effort::Quick, Effort::Full] {
            for level in fairway_forecast::track::LEVELS {
                recipe(effort, Size::Large, level, true, 7).check().unwrap();
            }
        }
    }
}
