//! What is done with a model's numbers.

/// Turn scores (logits) into probabilities: exp(score) / sum of exp(scores), computed so that no
/// score is too large for it. Infinite scores share the probability among them; one that is not a
/// number makes every result so.
pub fn softmax(scores: &mut [f32]) {
    if scores.iter().any(|score| score.is_nan()) {
        scores.fill(f32::NAN);
        return;
    }
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0f64;
    for score in scores.iter_mut() {
        *score = if *score == highest {
            1.0
        } else {
            (*score - highest).exp()
        };
        sum += f64::from(*score);
    }
    for score in scores.iter_mut() {
        *score = (f64::from(*score) / sum) as f32;
    }
}

/// The largest values, in falling order, with their places; equal ones in the order of their places.
/// What is not a number is left out.
pub fn top_k(values: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut ranked: Vec<(usize, f32)> = values
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, value)| !value.is_nan())
        .collect();
    ranked.sort_by(|(_, a), (_, b)| b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal));
    ranked.truncate(count);
    ranked
}
