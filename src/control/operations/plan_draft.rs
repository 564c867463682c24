//! Drafts of usage plans: the requested settings, checked as a whole at the end.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::OffsetDateTime;

use super::{OperationError, check_description, check_tags};
use crate::http::routes::ENDPOINTS;
use crate::store::PlanId;
use crate::store::control::{PlanStages, UsagePlan};
use crate::store::plans::{Period, QuotaSetting, Throttle, method_key};

const MAX_METHOD_THROTTLES: usize = 20;
/// The greatest whole number that every JSON reader reads exactly. It also keeps counts far from
/// overflow.
const MAX_QUOTA: i64 = (1 << 53) - 1;

/// A requested throttle, not yet checked. A rate without a burst gets the calls of one second as its
/// burst, and at least 1. A burst needs a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThrottleInput {
    /// Calls per second in the long run; 0 or more.
    #[serde(default)]
    pub rate_limit: Option<f64>,
    /// Calls at once; 0 or more.
    #[serde(default)]
    pub burst_limit: Option<i32>,
}

/// A requested quota, not yet checked. It needs a limit and a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaInput {
    /// Calls per period, from 0 to 2^53 - 1.
    #[serde(default)]
    pub limit: Option<i64>,
    /// The day on which a period begins, by default 0: 0 for `DAY`, 0 (Sunday) to 6 for `WEEK`, 0 (the
    /// first) to 27 for `MONTH`.
    #[serde(default)]
    pub offset: Option<i32>,
    /// `DAY`, `WEEK` or `MONTH`, in UTC.
    #[serde(default)]
    pub period: Option<String>,
}

/// A plan that is not yet checked. [`CreatePlan`](super::plans::CreatePlan) has the limits of most
/// fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The name of the plan.
    pub name: String,
    /// The description of the plan.
    pub description: Option<String>,
    /// Any text; it is stored and has no effect.
    pub product_code: Option<String>,
    /// The throttle of each key.
    pub throttle: Option<ThrottleInput>,
    /// The quota of each key.
    pub quota: Option<QuotaInput>,
    /// The stages, each with the throttles of single methods, under the names that were given.
    pub stages: BTreeMap<String, BTreeMap<String, ThrottleInput>>,
    /// The tags of the plan.
    pub tags: BTreeMap<String, String>,
}

impl Draft {
    pub(super) fn of(plan: &UsagePlan) -> Draft {
        let methods = |methods: &BTreeMap<String, Throttle>| {
            methods
                .iter()
                .map(|(method, throttle)| (method.clone(), ThrottleInput::from(*throttle)))
                .collect()
        };
        Draft {
            name: plan.name.clone(),
            description: plan.description.clone(),
            product_code: plan.product_code.clone(),
            throttle: plan.throttle.map(ThrottleInput::from),
            quota: plan.quota.map(QuotaInput::from),
            stages: plan
                .stages
                .iter()
                .map(|(stage, throttles)| (stage.clone(), methods(throttles)))
                .collect(),
            tags: plan.tags.clone(),
        }
    }

    /// Checks the draft and makes it a plan. It does not check whether the stages exist.
    ///
    /// # Errors
    /// Fails with [`OperationError::BadRequest`] or [`OperationError::Validation`] for the first member
    /// that is invalid.
    pub fn check(
        self,
        id: PlanId,
        created_at: OffsetDateTime,
    ) -> Result<UsagePlan, OperationError> {
        if self.name.is_empty() || self.name.chars().count() > 1024 {
            return Err(OperationError::bad(
                "Invalid Usage Plan name specified: name must have 1 to 1024 characters",
            ));
        }
        check_description("Usage Plan", self.description.as_deref())?;
        check_tags(&self.tags)?;
        let mut stages = PlanStages::new();
        for (stage, methods) in self.stages {
            if methods.len() > MAX_METHOD_THROTTLES {
                return Err(OperationError::bad(format!(
                    "Invalid throttle of stage {stage}: at most {MAX_METHOD_THROTTLES} methods"
                )));
            }
            let mut throttles = BTreeMap::new();
            let mut known: BTreeMap<String, String> = BTreeMap::new();
            for (name, throttle) in methods {
                check_method(&name)?;
                if let Some(other) = known.insert(method_key(&name), name.clone()) {
                    return Err(OperationError::bad(format!(
                        "Invalid apiStages.throttle: '{other}' and '{name}' are one method"
                    )));
                }
                let throttle = throttle.check(&format!("apiStages.throttle['{name}']"))?;
                throttles.insert(name, throttle);
            }
            stages.insert(stage, throttles);
        }
        let throttle = self.throttle.map(|throttle| throttle.check("throttle"));
        Ok(UsagePlan {
            id,
            name: self.name,
            description: self.description,
            product_code: self.product_code,
            throttle: throttle.transpose()?,
            quota: self.quota.map(QuotaInput::check).transpose()?,
            stages,
            tags: self.tags,
            created_at,
        })
    }
}

impl From<Throttle> for ThrottleInput {
    fn from(throttle: Throttle) -> ThrottleInput {
        ThrottleInput {
            rate_limit: Some(throttle.rate),
            burst_limit: Some(throttle.burst),
        }
    }
}

impl From<QuotaSetting> for QuotaInput {
    fn from(quota: QuotaSetting) -> QuotaInput {
        QuotaInput {
            limit: Some(quota.limit),
            offset: Some(quota.offset),
            period: Some(quota.period.name().to_owned()),
        }
    }
}

impl ThrottleInput {
    fn check(self, field: &str) -> Result<Throttle, OperationError> {
        let (rate, burst) = match (self.rate_limit, self.burst_limit) {
            (Some(rate), Some(burst)) => (rate, burst),
            (Some(rate), None) => (rate, burst_of(rate)),
            (None, Some(_)) => {
                return Err(OperationError::bad(format!(
                    "Invalid {field}: burstLimit is set without rateLimit; set rateLimit as well"
                )));
            }
            (None, None) => {
                return Err(OperationError::bad(format!(
                    "Invalid {field}: it is empty, which would limit nothing; set rateLimit (0 \
                     refuses every call), or leave {field} out"
                )));
            }
        };
        if !rate.is_finite() || rate < 0.0 {
            return Err(OperationError::bad(format!(
                "Invalid {field}: rateLimit must be 0 or more"
            )));
        }
        if burst < 0 {
            return Err(OperationError::bad(format!(
                "Invalid {field}: burstLimit must be 0 or more"
            )));
        }
        Ok(Throttle { rate, burst })
    }
}

impl QuotaInput {
    fn check(self) -> Result<QuotaSetting, OperationError> {
        let period = self.period.as_deref().map(parse_period).transpose()?;
        let (limit, period) = match (self.limit, period) {
            (Some(limit), Some(period)) => (limit, period),
            (Some(_), None) => {
                return Err(OperationError::bad(
                    "Invalid quota: limit is set without period, one of DAY, WEEK, MONTH",
                ));
            }
            (None, Some(_) | None) => {
                return Err(OperationError::bad("Invalid quota: limit is missing"));
            }
        };
        if !(0..=MAX_QUOTA).contains(&limit) {
            return Err(OperationError::bad(format!(
                "Invalid quota: limit must be 0 to {MAX_QUOTA}"
            )));
        }
        let offset = self.offset.unwrap_or(0);
        let last = match period {
            Period::Day => 0,
            Period::Week => 6,
            Period::Month => 27,
        };
        if !(0..=last).contains(&offset) {
            return Err(OperationError::bad(match period {
                Period::Day => "Usage Plan quota offset must be zero in the DAY period",
                Period::Week => {
                    "Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period"
                }
                Period::Month => {
                    "Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period"
                }
            }));
        }
        Ok(QuotaSetting {
            limit,
            offset,
            period,
        })
    }
}

fn parse_period(name: &str) -> Result<Period, OperationError> {
    Period::parse(name).ok_or_else(|| {
        OperationError::not_among(name, "quota.period", &Period::ALL.map(Period::name))
    })
}

/// The burst of a throttle that sets only a rate: the calls of one second, and at least one.
fn burst_of(rate: f64) -> i32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a cast of a float stops at the largest number"
    )]
    let burst = rate.ceil() as i32;
    burst.max(1)
}

fn check_method(method: &str) -> Result<(), OperationError> {
    let key = method_key(method);
    let known = ENDPOINTS
        .iter()
        .any(|endpoint| key == format!("{}/{}", endpoint.path, endpoint.verb));
    if known {
        return Ok(());
    }
    Err(OperationError::bad(format!(
        "Invalid method '{method}' in apiStages.throttle: it is a path and a verb of the API, \
         such as /game/POST or /game/{{gameId}}/GET"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(rate: Option<f64>, burst: Option<i32>) -> Option<(f64, i32)> {
        let input = ThrottleInput {
            rate_limit: rate,
            burst_limit: burst,
        };
        let checked = input.check("throttle").ok()?;
        Some((checked.rate, checked.burst))
    }

    #[test]
    fn a_rate_alone_gets_a_burst_and_nothing_else_is_guessed() {
        for (rate, burst) in [
            (0.0, 1),
            (0.2, 1),
            (1.0, 1),
            (1.1, 2),
            (5.0, 5),
            (1e18, i32::MAX),
        ] {
            assert_eq!(throttle(Some(rate), None), Some((rate, burst)));
        }
        assert_eq!(throttle(Some(5.0), Some(0)), Some((5.0, 0)));
        assert_eq!(throttle(None, None), None);
        assert_eq!(throttle(None, Some(5)), None);
        assert_eq!(throttle(Some(-1.0), None), None);
        assert_eq!(throttle(Some(f64::NAN), None), None);
    }
}
