mod workspace;
use workspace::*;
#[test]
fn dump() {
    let mut w = Workspace::new();
    w.test = mnist::Mnist::load_bundled().unwrap().test;
    for e in w.experiments.iter_mut() { e.recipe.epochs = 15; }
    for (s, e) in w.experiments.iter().enumerate() {
        for seed in 1..=3u64 {
        let mut r = result(e, seed);
        let k = s as f64;
        for (i, ep) in r.epochs.iter_mut().enumerate() {
            let t = (i + 1) as f64;
            ep.test_total = 10000;
            ep.test_correct = (10000.0 * (1.0 - (0.004 + 0.01/(k+1.0)) - 0.06 / (t * (1.0 + 0.5*k)) - 0.001 * ((t*7.3+k+seed as f64).sin()))) as usize;
            ep.train_accuracy = 1.0 - 0.002*k - 0.08 / t;
            ep.train_loss = 0.006 + 0.006*k + 0.3 / t;
            ep.test_loss = 0.02 + 0.02/(k+1.0) + 0.15 / t + 0.003*((t*5.0+k).sin());
        }
        let c = r.last().test_correct;
        r.confusion = vec![vec![0;10];10];
        r.confusion[0][0] = c; r.confusion[0][1] = 10000 - c;
        r.misclassified = (0..10000-c).map(|i| i * 15 + 8).collect();
        let path = format!("results/{}/seed-{}.json", r.step, r.seed);
        std::fs::create_dir_all(w.root().join("results").join(&r.step)).unwrap();
        std::fs::write(w.root().join(path), serde_json::to_string_pretty(&r).unwrap()).unwrap();
    } }
    w.write().unwrap();
    std::process::Command::new("cp").arg("-r").arg(w.root()).arg("/tmp/report-demo").status().unwrap();
}
